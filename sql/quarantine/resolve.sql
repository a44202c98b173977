-- Note what was decided of quarantined rows: by whom, when and why.
update quarantine.event
set
    resolution = %(resolution)s,
    resolved_at = now(),
    resolved_by = %(who)s,
    resolved_why = %(why)s,
    replayed_landing_id = n.new_landing_id,
    replayed_xid = %(xid)s::text::xid8
from unnest(%(landing_ids)s::bigint[], %(new_landing_ids)s::bigint[]) as n (landing_id, new_landing_id)
where quarantine.event.landing_id = n.landing_id and quarantine.event.resolution is null;
