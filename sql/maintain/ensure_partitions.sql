-- Day partitions from yesterday (a writer's clock stands still at midnight too) to some days ahead, both large tables.
select
    t.table_name,
    d.day::date as day,
    ops.ensure_day_partition(t.schema_name, t.table_name, t.key_column, d.day::date) as is_created
from
    (values ('landing', 'event', 'received_at'), ('warehouse', 'stored_event', 'timestamp'))
        as t (schema_name, table_name, key_column)
cross join generate_series(current_date - 1, current_date + %(days_ahead)s::integer, interval '1 day') as d (day)
order by t.table_name, d.day;
