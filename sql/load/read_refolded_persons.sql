-- The persons whose properties are folded again.
select distinct
    team_id,
    person_id
from staging.refolded_person;
