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
    and (warehouse.person.is_identified, warehouse.person.created_at, warehouse.person.merged_into)
    is distinct from (p.is_identified, p.created_at, p.merged_into);
