-- What was erased, with the entry of the audit log that it is part of.
select
    e.uuid,
    e.team_id,
    e.property,
    e.is_events_only,
    e.since_at,
    e.until_at,
    e.asked_at,
    e.asked_by,
    e.why,
    b.loaded_at as erased_at,
    e.batch_id,
    e.counts,
    a.entry_id as audit_entry,
    a.hash as audit_hash
from ops.erasure as e
inner join ops.batch as b on e.batch_id = b.batch_id
inner join ops.audit_entry as a on e.batch_id = a.batch_id
where e.uuid = %(uuid)s::uuid;
