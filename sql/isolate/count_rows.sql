-- How many rows of landing lie between two positions.
select count(*) as landed
from landing.event
where
    (xid, landing_id) > (%(lower_xid)s::xid8, %(lower_landing_id)s::bigint)
    and (xid, landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint);
