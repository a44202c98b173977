-- The first refused rows of one batch, with every reason.
select
    e.landing_id,
    e.resolution,
    e.received_at,
    e.team_id,
    left(e.uuid, 200) as uuid,
    left(e.event, 400) as event,
    left(e.distinct_id, 400) as distinct_id,
    ops.json_excerpt(e.properties, 600) as properties,
    e.reasons
from quarantine.event as e
where e.batch_id = %(batch_id)s::bigint
order by e.landing_id
limit %(at_most)s::bigint;
