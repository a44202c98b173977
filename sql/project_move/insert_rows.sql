-- Put the copied rows into their table.
select ops.insert_project_rows(
    %(table_name)s::text, %(xid_shift)s::bigint, %(landing_id_shift)s::bigint, %(batch_id)s::bigint
) as inserted;
