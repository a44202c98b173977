-- The batch that was opened and not loaded yet; at most one.
select
    batch_id,
    blocked_at,
    blocked_reasons,
    decision
from ops.batch
where status = 'open';
