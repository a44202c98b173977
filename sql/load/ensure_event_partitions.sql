-- A partition for each day that the batch brings events of. Days far back or ahead (a broken clock) share the default
-- one.
select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', d.day) as is_created
from (
    select e.day
    from (select distinct (s."timestamp")::date as day from staging.event as s) as e
    union
    select (b."timestamp")::date as day
    from buffer.event as b
) as d
where
    d.day >= current_date - %(partition_days_back)s::integer
    and d.day <= current_date + 1
    and to_regclass('warehouse.stored_event_' || to_char(d.day, 'YYYYMMDD')) is null;
