-- A person's decision on an open batch: all of it is quarantined. Its plan is forgotten, so the next run makes it anew.
update ops.batch
set
    decision = 'quarantined',
    decided_at = clock_timestamp(),
    decided_by = %(who)s,
    decided_why = %(why)s
from (select staging.clear()) as c
where
    batch_id = %(batch_id)s::bigint
    and status = 'open'
    and decision is null
returning batch_id;
