-- The same, of those that would give a person.
update ops.dropped_birth as d
set distinct_id = i.distinct_id
from staging.erased_id as i
where d.team_id = i.team_id and d.distinct_id = i.former_distinct_id;
