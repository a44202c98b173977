-- The held events that the batch's clock releases, in order.
select
    xid::text as xid,
    landing_id,
    received_at
from buffer.event
where due_at <= %(as_of)s::timestamptz
order by due_at, xid, landing_id;
