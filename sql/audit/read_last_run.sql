-- The last run of the audit that left out no batch and found nothing, and whether the log still has the hash that it
-- ended with.
select
    r.last_batch_id,
    r.entry_id,
    exists(select from ops.audit_entry as e where e.entry_id = r.entry_id and e.hash = r.hash) as is_kept
from ops.audit_run as r
where r.troubles = '[]' and not r.is_period
order by r.run_id desc
limit 1;
