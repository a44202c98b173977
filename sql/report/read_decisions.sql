-- The batch that waits for a person, and the batches that a person has decided about.
select
    b.batch_id,
    b.status,
    b.opened_at,
    b.loaded_at,
    b.blocked_at,
    b.blocked_reasons,
    b.decision,
    b.decided_at,
    b.decided_by,
    b.decided_why
from ops.batch as b
where
    b.blocked_at is not null
    and (b.status = 'open' or b.loaded_at >= %(since)s::timestamptz)
order by b.batch_id desc
limit 20;
