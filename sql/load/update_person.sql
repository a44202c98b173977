-- Persons that were there and changed by merging events.
update warehouse.person
set
    is_identified = p.is_identified,
    created_at = p.created_at,
    merged_into = p.merged_into,
    updated_at = now()
from staging.person as p
where
    warehouse.person.team_id = p.team_id
    and warehouse.person.distinct_id = p.distinct_id
    and not p.is_new
    and (
        warehouse.person.is_identified <> p.is_identified
        or warehouse.person.created_at <> p.created_at
        or warehouse.person.merged_into is distinct from p.merged_into
    );
