-- Ids that no merging event names move with their person. What the batch itself gave an id is its person at the end.
update staging.distinct_id
set person_id = o.person_id
from staging.override as o
where
    staging.distinct_id.team_id = o.team_id
    and staging.distinct_id.person_id = o.old_person_id
    and staging.distinct_id.cause is null;
