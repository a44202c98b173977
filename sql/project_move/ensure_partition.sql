-- A partition of a day, where there is none.
select ops.ensure_day_partition(
    %(schema_name)s::text, %(table_name)s::text, %(key_column)s::text, %(day)s::date
) as is_created;
