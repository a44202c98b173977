-- What dropped events of the project had said, where the property is in it.
select
    d.team_id,
    d.distinct_id,
    d.property_state
from ops.dropped_id as d
where d.team_id = %(team_id)s::bigint and ops.state_has_key(d.property_state, %(property)s::text);
