-- Give the ids the persons they gained.
update staging.distinct_id
set
    person_id = t.person_id,
    cause = t.cause,
    cause_uuid = t.cause_uuid
from staging.tie as t
where
    staging.distinct_id.team_id = t.team_id
    and staging.distinct_id.distinct_id = t.distinct_id
    and staging.distinct_id.person_id is null;
