-- Their keys stay, so that an event that is sent again does not come back.
update warehouse.event_key as k
set distinct_id = i.distinct_id
from staging.erased_id as i
inner join warehouse.stored_event as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
where
    k.team_id = i.team_id and k.uuid = e.uuid and k.distinct_id = i.former_distinct_id and k.event = e.event;
