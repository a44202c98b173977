-- The ids.
update warehouse.person_distinct_id as d
set
    distinct_id = i.distinct_id,
    person_id = coalesce(p.person_id, d.person_id),
    updated_at = now()
from staging.erased_id as i
inner join warehouse.person_distinct_id as o on i.team_id = o.team_id and i.former_distinct_id = o.distinct_id
left join staging.erased_id as p on o.team_id = p.team_id and o.person_id = p.former_person_id
where d.team_id = i.team_id and d.distinct_id = i.former_distinct_id;
