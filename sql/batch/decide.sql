-- A person's decision on a blocked batch; its plan is forgotten, so the next run makes it anew.
update ops.batch
set
    decision = %(decision)s,
    decided_at = clock_timestamp(),
    decided_by = %(who)s,
    decided_why = %(why)s
from (select staging.clear()) as c
where batch_id = %(batch_id)s::bigint and status = 'open' and blocked_at is not null and decision is null
returning batch_id;
