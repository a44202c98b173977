-- The batches that a person has sent to quarantine whole, and those that will go there with the next run.
select
    b.batch_id,
    b.status,
    b.opened_at,
    b.loaded_at,
    b.decision,
    b.decided_at,
    b.decided_by,
    b.decided_why
from ops.batch as b
where b.decision is not null and b.decided_at >= %(since)s::timestamptz
order by b.batch_id desc
limit 20;
