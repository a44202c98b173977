-- The open batch, where a step of it has failed more than once.
select
    f.batch_id,
    f.step,
    f.error,
    f.failures,
    f.last_at
from ops.step_failure as f
inner join ops.batch as b on f.batch_id = b.batch_id
where b.status = 'open' and f.failures > 1;
