-- The ids of events that retention has dropped.
update ops.dropped_id as d
set distinct_id = i.distinct_id
from staging.erased_id as i
where d.team_id = i.team_id and d.distinct_id = i.former_distinct_id;
