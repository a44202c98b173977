-- The remaining events of the ids carry the person that each id has now; so no override is needed.
update warehouse.stored_event
set person_id = d.person_id
from staging.withdrawn_id as i
left join warehouse.person_distinct_id as d on i.team_id = d.team_id and i.distinct_id = d.distinct_id
where
    warehouse.stored_event.team_id = i.team_id
    and warehouse.stored_event.distinct_id = i.distinct_id
    and warehouse.stored_event.person_id is not null
    and warehouse.stored_event.person_id is distinct from d.person_id;
