-- The groups and their properties.
create or replace view warehouse.groups as
select
    team_id,
    group_type,
    group_key,
    properties,
    created_at,
    updated_at
from warehouse.group_profile;

grant select on warehouse.groups to auditor;  -- noqa: PRS
