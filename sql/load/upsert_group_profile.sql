-- Groups made or changed by the batch.
insert into warehouse.group_profile (
    team_id, group_type, group_key, created_at, properties, property_state, updated_at
)
select
    g.team_id,
    g.group_type,
    g.group_key,
    g.created_at,
    g.properties,
    g.property_state,
    now() as updated_at
from staging.group_profile as g
on conflict (team_id, group_type, group_key) do update
    set
        created_at = excluded.created_at,
        properties = excluded.properties,
        property_state = excluded.property_state,
        updated_at = excluded.updated_at;
