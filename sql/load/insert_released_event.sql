-- What the buffer releases: events whose id has a person now. Rescued: the person was found while they waited.
insert into buffer.released_event (
    team_id,
    distinct_id,
    uuid,
    event,
    landing_id,
    arrived_at,
    due_at,
    released_at,
    held_by_batch_id,
    released_by_batch_id,
    is_rescued,
    released_by_uuid
)
select
    b.team_id,
    b.distinct_id,
    b.uuid,
    b.event,
    b.landing_id,
    b.arrived_at,
    b.due_at,
    %(as_of)s::timestamptz as released_at,
    b.held_by_batch_id,
    %(batch_id)s::bigint as released_by_batch_id,
    coalesce(d.cause <> 'hold_expired', true) as is_rescued,
    coalesce(d.cause_uuid, b.uuid) as released_by_uuid
from buffer.event as b
inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
where d.person_id is not null;
