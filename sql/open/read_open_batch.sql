-- The batch that was opened and not loaded yet; at most one.
select *
from ops.batch
where status = 'open';
