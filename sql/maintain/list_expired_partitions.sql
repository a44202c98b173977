-- Landing's day partitions that ended before the retention, and whether every row in them is done with: at or below the
-- watermark, and not held.
select
    c.relname as partition_name,
    to_date(right(c.relname, 8), 'YYYYMMDD') as day,
    not exists (
        select from landing.event as e
        cross join ops.watermark as w
        where
            e.received_at >= to_date(right(c.relname, 8), 'YYYYMMDD')::timestamptz
            and e.received_at < (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamptz
            and (e.xid, e.landing_id) > (w.xid, w.landing_id)
    ) and not exists (
        select from buffer.event as b
        where
            b.received_at >= to_date(right(c.relname, 8), 'YYYYMMDD')::timestamptz
            and b.received_at < (to_date(right(c.relname, 8), 'YYYYMMDD') + 1)::timestamptz
    ) as is_processed
from pg_inherits as i
inner join pg_class as c on i.inhrelid = c.oid
where
    i.inhparent = 'landing.event'::regclass
    and c.relname ~ '^event_\d{8}$'
    and to_date(right(c.relname, 8), 'YYYYMMDD') + 1
    <= (%(now)s::timestamptz - make_interval(days => %(retention_days)s::integer))::date
order by c.relname;
