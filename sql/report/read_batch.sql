-- One batch: bounds and steps, besides what the list of batches shows.
select
    b.batch_id,
    b.lower_xid::text || '/' || b.lower_landing_id as lower_position,
    b.upper_xid::text || '/' || b.upper_landing_id as upper_position,
    b.arrival_clock,
    b.as_of,
    b.is_caught_up,
    b.opened_at,
    b.decision,
    b.decided_at,
    b.decided_by,
    b.decided_why,
    b.step_seconds
from ops.batch as b
where b.batch_id = %(batch_id)s::bigint;
