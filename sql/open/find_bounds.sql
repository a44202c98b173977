-- The next rows by position, below the oldest transaction in flight, so that a row that commits late is never passed
-- over.
with next_rows as (
    select
        xid,
        landing_id,
        received_at,
        row_number() over (order by xid, landing_id) as ordinal
    from landing.event
    where
        (xid, landing_id) > (%(xid)s::xid8, %(landing_id)s::bigint)
        and xid < ((pg_snapshot_xmin(pg_current_snapshot())::text::bigint + %(xid_offset)s::bigint)::text)::xid8
    order by xid, landing_id
    limit %(batch_size)s::bigint
),

size as (
    select
        count(*) as landed,
        (count(*) + 1) / 2 as middle_ordinal,
        max(received_at) as newest_arrival
    from next_rows
)

select
    s.landed,
    s.newest_arrival,
    (select n.xid from next_rows as n where n.ordinal = s.landed) as upper_xid,
    (select n.landing_id from next_rows as n where n.ordinal = s.landed) as upper_landing_id,
    (select n.xid from next_rows as n where n.ordinal = s.middle_ordinal) as middle_xid,
    (select n.landing_id from next_rows as n where n.ordinal = s.middle_ordinal) as middle_landing_id,
    s.middle_ordinal,
    (select max(n.received_at) from next_rows as n where n.ordinal <= s.middle_ordinal) as middle_arrival
from size as s;
