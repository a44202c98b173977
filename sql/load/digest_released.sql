-- The digest of what the buffer releases, while it is still there.
select coalesce(bit_xor(ops.event_hash(b.landing_id, b.uuid, b.distinct_id, b.event, b."timestamp")), 0) as released
from buffer.event as b
inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
where d.person_id is not null;
