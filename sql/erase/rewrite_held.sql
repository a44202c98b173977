-- The held events wait on, for a person that is nobody.
update buffer.event as h
set
    distinct_id = r.distinct_id,
    has_property_operations = false,
    is_rewritten = false,
    lift_shape = 0,
    payload_hash = jsonb_hash_extended(r.properties, 0)
from staging.erased_event as r
where
    r.kind = 'held' and h.team_id = r.team_id and h.distinct_id = r.former_distinct_id and h.landing_id = r.landing_id;
