-- The last runs of the audit.
select
    a.run_id,
    a.verified_at,
    a.is_period,
    a.first_batch_id,
    a.last_batch_id,
    a.entry_id,
    a.hash,
    a.events,
    a.seconds,
    jsonb_array_length(a.troubles) as troubles
from ops.audit_run as a
order by a.run_id desc
limit 5;
