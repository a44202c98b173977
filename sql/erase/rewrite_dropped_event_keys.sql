-- The keys of events that retention has dropped. There is no index by id: where any was dropped, all keys are read.
update warehouse.event_key as k
set distinct_id = i.distinct_id
from staging.erased_id as i
inner join ops.dropped_id as d on i.team_id = d.team_id and i.former_distinct_id = d.distinct_id
where k.team_id = i.team_id and k.distinct_id = i.former_distinct_id;
