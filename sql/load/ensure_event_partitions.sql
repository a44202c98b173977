-- A partition for each day that the batch brings events of. Days far back or ahead (a broken clock) share the default
-- one.
select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', d.day) as is_created
from (
    select (e.day)::date as day
    -- Whole days by arithmetic: a date for each row would take ten times as long.
    from (
        select distinct date_bin('1 day', s."timestamp", '2000-01-01 00:00:00+00') as day
        from staging.event as s
    ) as e
    union
    select (b."timestamp")::date as day
    from buffer.event as b
) as d
where
    d.day >= current_date - %(partition_days_back)s::integer
    and d.day <= current_date + 1
    and to_regclass('warehouse.stored_event_' || to_char(d.day, 'YYYYMMDD')) is null;
