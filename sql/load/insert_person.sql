-- Persons born in this batch.
insert into warehouse.person (
    team_id,
    distinct_id,
    person_id,
    is_identified,
    created_at,
    properties,
    property_state,
    lifted_mask,
    lifted_at,
    merged_into,
    created_by_uuid,
    updated_at
)
select
    p.team_id,
    p.distinct_id,
    p.person_id,
    p.is_identified,
    p.created_at,
    coalesce(q.properties, '{}') as properties,
    coalesce(q.property_state, '{}') as property_state,
    coalesce(q.lifted_mask, 0) as lifted_mask,
    coalesce(q.lifted_at, '0001-01-01 00:00:00+00') as lifted_at,
    p.merged_into,
    p.created_by_uuid,
    now() as updated_at
from staging.person as p
left join staging.person_property as q on p.team_id = q.team_id and p.person_id = q.person_id
where p.is_new;
