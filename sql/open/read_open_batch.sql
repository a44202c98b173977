-- The batch that was opened and not loaded yet; at most one.
select batch_id
from ops.batch
where status = 'open';
