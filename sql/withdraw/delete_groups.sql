-- The groups are written anew.
delete from warehouse.group_profile
using staging.withdrawn_group as g
where
    warehouse.group_profile.team_id = g.team_id
    and warehouse.group_profile.group_type = g.group_type
    and warehouse.group_profile.group_key = g.group_key;
