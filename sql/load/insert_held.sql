-- Hold: the id has no person yet. The row points at landing; due by the arrival clock.
insert into buffer.event (
    team_id,
    distinct_id,
    uuid,
    event,
    "timestamp",
    xid,
    landing_id,
    received_at,
    arrived_at,
    due_at,
    has_property_operations,
    is_rewritten,
    lift_shape,
    payload_hash,
    held_by_batch_id
)
select
    e.team_id,
    e.distinct_id,
    e.uuid,
    e.event,
    e."timestamp",
    e.xid,
    e.landing_id,
    e.received_at,
    e.arrived_at,
    e.arrived_at + make_interval(secs => %(hold_seconds)s::double precision) as due_at,
    e.has_property_operations,
    e.is_rewritten,
    e.lift_shape,
    e.payload_hash,
    %(batch_id)s::bigint as held_by_batch_id
from staging.accepted_event as e
inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
where d.person_id is null and not e.is_personless;
