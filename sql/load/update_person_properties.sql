-- Properties of persons that were there.
update warehouse.person
set
    properties = q.properties,
    property_state = q.property_state,
    lifted_mask = q.lifted_mask,
    lifted_at = q.lifted_at,
    updated_at = now()
from staging.person_property as q
where
    warehouse.person.team_id = q.team_id
    and warehouse.person.person_id = q.person_id
    and warehouse.person.property_state <> q.property_state
    -- Those born in this batch have been inserted with theirs.
    and not exists (
        select from staging.person as p
        where p.is_new and p.team_id = q.team_id and p.person_id = q.person_id
    );
