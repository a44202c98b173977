-- The newest closed batch that held anything, and whether batches behind this one have taken events out again, of
-- whatever days.
select
    coalesce(max(b.batch_id), 0) as newest,
    coalesce((select max(w.batch_id) from ops.withdrawal as w) > %(after)s::bigint, false) as has_withdrawn
from ops.batch as b
where b.status <> 'open' and b.landed + b.released > 0;
