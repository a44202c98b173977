-- The groups that have the property.
insert into staging.withdrawn_group (team_id, group_type, group_key)
select
    g.team_id,
    g.group_type,
    g.group_key
from warehouse.group_profile as g
where
    g.team_id = %(team_id)s::bigint
    and (g.properties ? %(property)s::text or ops.state_has_key(g.property_state, %(property)s::text));
