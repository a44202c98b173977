-- The person and those that were merged into it: nobody, without a property.
update warehouse.person as p
set
    distinct_id = i.distinct_id,
    person_id = i.person_id,
    merged_into = coalesce(s.person_id, p.merged_into),
    properties = '{}',
    property_state = '{}',
    lifted_mask = 0,
    lifted_at = '0001-01-01 00:00:00+00',
    updated_at = now()
from staging.erased_id as i
left join warehouse.person as q on i.team_id = q.team_id and i.former_distinct_id = q.distinct_id
left join staging.erased_id as s on q.team_id = s.team_id and q.merged_into = s.former_person_id
where p.team_id = i.team_id and p.distinct_id = i.former_distinct_id;
