-- Where each part of the batch but the last ends: so many rows each, by position.
with placed as (
    select
        xid,
        landing_id,
        row_number() over position_order as ordinal,
        max(received_at) over position_order as newest_arrival
    from landing.event
    where
        (xid, landing_id) > (%(lower_xid)s::xid8, %(lower_landing_id)s::bigint)
        and (xid, landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint)
    window position_order as (order by xid, landing_id)
)

select
    p.xid,
    p.landing_id,
    p.ordinal,
    greatest(p.newest_arrival, %(arrival_clock_before)s::timestamptz) as arrival_clock
from placed as p
where mod(p.ordinal, %(size)s::bigint) = 0 and p.ordinal < %(landed)s::bigint
order by p.ordinal;
