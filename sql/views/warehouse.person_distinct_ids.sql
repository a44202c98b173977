-- Which person a distinct id belongs to now. Ids without a person are not listed.
create or replace view warehouse.person_distinct_ids as
select
    team_id,
    distinct_id,
    person_id,
    updated_at
from warehouse.person_distinct_id
where not is_personless;

grant select on warehouse.person_distinct_ids to auditor;  -- noqa: PRS
