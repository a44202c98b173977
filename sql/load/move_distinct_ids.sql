-- All distinct ids of a merged person move to the survivor.
update warehouse.person_distinct_id
set
    person_id = o.person_id,
    updated_at = now()
from staging.override as o
where
    warehouse.person_distinct_id.team_id = o.team_id
    and warehouse.person_distinct_id.person_id = o.old_person_id
    and not warehouse.person_distinct_id.is_personless;
