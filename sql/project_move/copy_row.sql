-- Rows of one table, for ops.insert_project_rows.
copy staging.moved_row (line) from stdin;
