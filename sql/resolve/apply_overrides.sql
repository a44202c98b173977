-- Ids that no merging event names move with their person.
update staging.distinct_id
set person_id = o.person_id
from staging.override as o
where staging.distinct_id.team_id = o.team_id and staging.distinct_id.person_id = o.old_person_id;
