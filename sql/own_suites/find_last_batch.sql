-- The newest batch, alone.
select
    max(b.batch_id) as first_batch_id,
    max(b.batch_id) as last_batch_id
from ops.batch as b
where b.status = 'loaded';
