-- The loaded batches in which something happened, each as a part of the log of its own: what a hold does depends on
-- where the log was split.
select
    b.hold_seconds,
    b.lower_xid::text as lower_xid,
    b.lower_landing_id,
    b.upper_xid::text as upper_xid,
    b.upper_landing_id,
    b.as_of,
    b.landed
from ops.batch as b
where b.status = 'loaded' and (b.landed > 0 or b.released > 0)
order by b.batch_id;
