-- What is left of what dropped events of the ids had said.
update ops.dropped_id as d
set property_state = n.property_state
from staging.dropped_id as n
where d.team_id = n.team_id and d.distinct_id = n.distinct_id;
