-- The persons, merged ones too: merged_into says which person they became. created_at is the time of the event that
-- made the person; first_seen_at that of its earliest one, whatever arrived first, null where its ids are another's.
create or replace view warehouse.persons as
select
    p.team_id,
    p.person_id,
    p.is_identified,
    p.created_at,
    (
        select min(d.first_seen_at)
        from warehouse.person_distinct_id as d
        where d.team_id = p.team_id and d.person_id = p.person_id and not d.is_personless
    ) as first_seen_at,
    p.properties,
    p.merged_into,
    p.updated_at
from warehouse.person as p;

grant select on warehouse.persons to auditor;  -- noqa: PRS
