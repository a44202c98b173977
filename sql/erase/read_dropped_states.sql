-- What dropped events of the ids had said.
select
    d.team_id,
    d.distinct_id,
    d.property_state
from staging.erased_id as i
inner join ops.dropped_id as d on i.team_id = d.team_id and i.former_distinct_id = d.distinct_id
where d.property_state <> '{}';
