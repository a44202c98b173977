-- A person's decision on an open batch: a blocked one may be released, any may be quarantined. Its plan is forgotten,
-- so the next run makes it anew.
update ops.batch
set
    decision = %(decision)s,
    decided_at = clock_timestamp(),
    decided_by = %(who)s,
    decided_why = %(why)s
from (select staging.clear()) as c
where
    batch_id = %(batch_id)s::bigint
    and status = 'open'
    and decision is null
    and (blocked_at is not null or %(decision)s = 'quarantined')
returning batch_id;
