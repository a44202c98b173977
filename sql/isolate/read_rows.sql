-- The positions of the batch's rows, in order, without those that are set apart already.
select
    l.xid::text as xid,
    l.landing_id,
    l.received_at
from landing.event as l
where
    (l.xid, l.landing_id) > (%(lower_xid)s::xid8, %(lower_landing_id)s::bigint)
    and (l.xid, l.landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint)
    and not exists (select from ops.set_apart as a where a.landing_id = l.landing_id)
order by l.xid, l.landing_id;
