-- The next rows by position, below the oldest transaction in flight, so that a row that commits late is never passed
-- over. A row that withdraws a file, or erases, is a batch of its own: all before it is loaded by then, nothing behind.
with readable as (
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

alone as (
    select r.ordinal
    from readable as r
    inner join (
        select
            xid,
            landing_id
        from landing.event
        where
            is_operator
            and event in ('$withdraw_file', '$erase')
            and (xid, landing_id) > (%(xid)s::xid8, %(landing_id)s::bigint)
        order by xid, landing_id
        limit 1
    ) as w on r.xid = w.xid and r.landing_id = w.landing_id
),

next_rows as (
    select *
    from readable
    where ordinal < coalesce((select greatest(2, a.ordinal) from alone as a), ordinal + 1)
),

size as (
    select
        count(*) as landed,
        min(received_at) as oldest_received_at,
        max(received_at) as newest_arrival
    from next_rows
)

select
    s.landed,
    s.oldest_received_at,
    s.newest_arrival,
    s.landed < %(batch_size)s::bigint and s.landed = (select count(*) from readable) as is_caught_up,
    (select n.xid from next_rows as n where n.ordinal = s.landed) as upper_xid,
    (select n.landing_id from next_rows as n where n.ordinal = s.landed) as upper_landing_id
from size as s;
