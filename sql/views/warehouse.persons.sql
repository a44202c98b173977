-- The persons, merged ones too: merged_into says which person they became.
create or replace view warehouse.persons as
select
    team_id,
    person_id,
    is_identified,
    created_at,
    properties,
    merged_into,
    updated_at
from warehouse.person;

grant select on warehouse.persons to auditor;  -- noqa: PRS
