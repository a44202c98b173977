-- The held events point at landing, and have only a hash of what they say.
update buffer.event as h
set payload_hash = jsonb_hash_extended(l.properties, 0)
from landing.event as l
where
    h.team_id = %(team_id)s::bigint
    and h.xid = l.xid and h.landing_id = l.landing_id and h.received_at = l.received_at
    and h.payload_hash <> jsonb_hash_extended(l.properties, 0);
