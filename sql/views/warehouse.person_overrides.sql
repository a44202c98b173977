-- Which persons of loaded rows have become another one since; warehouse.events follows it.
create or replace view warehouse.person_overrides as
select
    team_id,
    old_person_id,
    person_id
from warehouse.person_override;

grant select on warehouse.person_overrides to auditor;  -- noqa: PRS
