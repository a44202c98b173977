-- Other persons' held events that name one of the ids point at landing, and have only a hash of what they say.
update buffer.event as h
set payload_hash = jsonb_hash_extended(l.properties, 0)
from staging.erased_event as r
inner join landing.event as l on r.xid = l.xid and r.landing_id = l.landing_id and r.received_at = l.received_at
where r.kind = 'naming' and h.team_id = r.team_id and h.landing_id = r.landing_id;
