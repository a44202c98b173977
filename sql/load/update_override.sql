-- Overrides stay one hop: what pointed at a person merged now points at the survivor.
update warehouse.person_override
set
    person_id = o.person_id,
    batch_id = %(batch_id)s::bigint
from staging.override as o
where warehouse.person_override.team_id = o.team_id and warehouse.person_override.person_id = o.old_person_id;
