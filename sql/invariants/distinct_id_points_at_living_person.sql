-- Every distinct id that has a person has one that exists and was not merged away.
select
    team_id,
    distinct_id,
    person_id,
    merged_into
from ops.distinct_id_without_person;
