-- Ids that were known before, and are now known to have been there earlier.
update warehouse.person_distinct_id
set first_seen_at = d.first_seen_at
from staging.distinct_id as d
where
    d.first_seen_at is not null
    and d.cause is null
    and warehouse.person_distinct_id.team_id = d.team_id
    and warehouse.person_distinct_id.distinct_id = d.distinct_id
    and warehouse.person_distinct_id.first_seen_at is distinct from d.first_seen_at;
