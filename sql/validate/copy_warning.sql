-- What a check of rows found that is recorded and lets the row through.
copy staging.warning (landing_id, type, details, remedy) from stdin;
