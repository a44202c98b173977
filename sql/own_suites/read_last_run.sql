-- The batches that maintenance looked at last for a suite.
select
    r.first_batch_id,
    r.last_batch_id
from ops.own_suite_run as r
where r.suite = %(suite)s::text;
