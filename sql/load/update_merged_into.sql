-- Persons merged away earlier point at the living person, never at a chain.
update warehouse.person
set merged_into = o.person_id
from staging.override as o
where
    warehouse.person.team_id = o.team_id
    and warehouse.person.merged_into = o.old_person_id
    and not exists (
        select from staging.person as p where p.team_id = o.team_id and p.person_id = warehouse.person.person_id
    );
