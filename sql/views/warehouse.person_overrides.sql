-- Which persons of loaded rows have become another one since; warehouse.events follows it.
create or replace view warehouse.person_overrides as
select
    team_id,
    old_person_id,
    person_id
from warehouse.person_override;

comment on view warehouse.person_overrides is
'Persons of loaded rows that have become another one, until maintenance has written that into the rows; '
'warehouse.events follows it';
comment on column warehouse.person_overrides.team_id is 'The project';
comment on column warehouse.person_overrides.old_person_id is 'The person that rows were loaded with';
comment on column warehouse.person_overrides.person_id is 'The living person that these rows belong to now';

grant select on warehouse.person_overrides to auditor;  -- noqa: PRS
