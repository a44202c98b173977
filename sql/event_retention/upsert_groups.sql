-- What the dropped events said of each group, with what earlier ones had said.
insert into ops.dropped_group (team_id, group_type, group_key, created_at, property_state)
select
    g.team_id,
    g.group_type,
    g.group_key,
    g.created_at,
    g.property_state
from staging.dropped_group as g
on conflict (team_id, group_type, group_key) do update
    set
        created_at = excluded.created_at,
        property_state = excluded.property_state;
