-- What dropped events of the project had said of groups, where the property is in it.
select
    d.team_id,
    d.group_type,
    d.group_key,
    d.created_at,
    d.property_state
from ops.dropped_group as d
where d.team_id = %(team_id)s::bigint and ops.state_has_key(d.property_state, %(property)s::text);
