-- Of rows that a step failed on, the error may repeat what they said.
update ops.set_apart as a
set
    error = '',
    reason = %(reason)s::jsonb,
    held = a.held || jsonb_build_object('distinct_id', r.distinct_id, 'payload_hash', null)
from staging.erased_event as r
where a.landing_id = r.landing_id and r.kind <> 'naming';
