-- What waits in landing: rows after the watermark, and how many of them wait behind a transaction in flight. Counted
-- up to a million, which is enough to see that it is many.
select
    count(*) as backlog,
    coalesce(sum((b.is_behind)::integer), 0) as waiting,
    min(b.received_at) as oldest_arrival,
    clock_timestamp() as clock
from (
    select
        e.received_at,
        e.xid >= ((pg_snapshot_xmin(pg_current_snapshot())::text::bigint + w.xid_offset)::text)::xid8 as is_behind
    from landing.event as e
    cross join ops.watermark as w
    where (e.xid, e.landing_id) > (w.xid, w.landing_id)
    limit 1000000
) as b;
