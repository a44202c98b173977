-- The open batch, where a critical finding blocks it and nobody has decided yet.
select
    batch_id,
    blocked_at,
    blocked_reasons,
    decision
from ops.batch
where status = 'open' and blocked_at is not null and decision is null;
