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

comment on view warehouse.groups is
'Groups (companies, projects) with their properties; warehouse.events.groups says which events belong to one';
comment on column warehouse.groups.team_id is 'The project';
comment on column warehouse.groups.group_type is 'What kind of group: company, project';
comment on column warehouse.groups.group_key is 'Which one, as events name it in $groups';
comment on column warehouse.groups.properties is 'What $groupidentify events have set, the newest by event time';
comment on column warehouse.groups.created_at is 'The time of the first event that described it, UTC';
comment on column warehouse.groups.updated_at is 'When a batch last changed it';

grant select on warehouse.groups to auditor;  -- noqa: PRS
