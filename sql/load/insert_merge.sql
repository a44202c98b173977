-- The lineage: one row a merging event, whatever it did.
insert into warehouse.merge (
    team_id,
    distinct_id,
    uuid,
    source_distinct_id,
    event,
    "timestamp",
    arrived_at,
    xid,
    landing_id,
    batch_id,
    outcome,
    target_person_id,
    source_person_id,
    person_id,
    reason,
    is_from_client
)
select
    e.team_id,
    e.distinct_id,
    e.uuid,
    e.other_id as source_distinct_id,
    e.event,
    e."timestamp",
    e.arrived_at,
    e.xid,
    e.landing_id,
    %(batch_id)s::bigint as batch_id,
    m.outcome,
    m.target_person_id,
    m.source_person_id,
    m.person_id,
    m.reason,
    e.is_captured and not p.is_client_merge_allowed as is_from_client
from staging.merge as m
inner join staging.event as e on m.landing_id = e.landing_id
inner join landing.project as p on e.team_id = p.team_id;
