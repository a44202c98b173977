-- The newest closed batch that held anything, and whether batches behind this one have taken events out again or have
-- erased something in them, of whatever days.
select
    coalesce(max(b.batch_id), 0) as newest,
    coalesce(
        greatest(
            (select max(w.batch_id) from ops.withdrawal as w),
            (select max(e.batch_id) from ops.erasure as e)
        ) > %(after)s::bigint,
        false
    ) as has_rewritten
from ops.batch as b
where b.status <> 'open' and b.landed + b.released > 0;
