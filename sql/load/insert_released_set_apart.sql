-- Held events that were set apart are released too, into quarantine.
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
    h.team_id,
    h.distinct_id,
    h.uuid,
    h.event,
    h.landing_id,
    h.arrived_at,
    h.due_at,
    %(as_of)s::timestamptz as released_at,
    h.held_by_batch_id,
    a.batch_id as released_by_batch_id,
    false as is_rescued,
    h.uuid as released_by_uuid
from ops.set_apart as a
cross join lateral jsonb_populate_record(null::buffer.event, a.held) as h
where a.batch_id = %(batch_id)s::bigint and a.held is not null;
