-- The next rows by position, below the oldest transaction in flight, so that a row that commits late is never passed
-- over.
with next_rows as (
    select
        xid,
        landing_id,
        received_at
    from landing.event
    where
        (xid, landing_id) > (%(xid)s::xid8, %(landing_id)s::bigint)
        and xid < ((pg_snapshot_xmin(pg_current_snapshot())::text::bigint + %(xid_offset)s::bigint)::text)::xid8
    order by xid, landing_id
    limit %(batch_size)s::bigint
),

last_row as (
    select
        xid,
        landing_id
    from next_rows
    order by xid desc, landing_id desc
    limit 1
)

select
    count(*) as landed,
    max(n.received_at) as newest_arrival,
    (select l.xid from last_row as l) as upper_xid,
    (select l.landing_id from last_row as l) as upper_landing_id
from next_rows as n;
