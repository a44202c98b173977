-- Ranges of event times that ended before the retention, a partition each: first the days, then what has none and is
-- without a beginning: as text, because Python has no infinite times.
select
    case when c.relname ~ '_[0-9]{8}$' then c.relname end as partition_name,
    r.since_at::text as since_at,
    r.until_at
from pg_inherits as i
inner join pg_class as c on i.inhrelid = c.oid
cross join
    lateral (
        select date_trunc('day', %(now)s::timestamptz - make_interval(days => %(retention_days)s::integer), 'UTC') as at
    ) as e
cross join
    lateral (
        select
            case
                when c.relname ~ '_[0-9]{8}$'
                    then to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC'
                else '-infinity'
            end as since_at,
            case
                when c.relname ~ '_[0-9]{8}$'
                    then (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC'
                else e.at
            end as until_at
    ) as r
where i.inhparent = 'warehouse.stored_event'::regclass and r.until_at <= e.at
order by partition_name;
