-- Give the ids that were split off the persons they have now.
update staging.distinct_id
set
    person_id = s.person_id,
    cause = coalesce(staging.distinct_id.cause, 'split'),
    cause_uuid = coalesce(staging.distinct_id.cause_uuid, s.cause_uuid)
from staging.split as s
where staging.distinct_id.team_id = s.team_id and staging.distinct_id.distinct_id = s.distinct_id;
