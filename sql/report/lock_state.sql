-- The newest batch in the summaries and the newest that is loaded; one refresh at a time.
select
    s.batch_id as after,
    (select coalesce(max(b.batch_id), s.batch_id) from ops.batch as b where b.status = 'loaded') as newest
from ops.report_state as s
for update of s;
