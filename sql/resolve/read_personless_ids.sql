-- Ids without a person whose personless events come for the first time.
select distinct
    e.team_id,
    e.distinct_id
from staging.accepted_event as e
inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
where e.is_personless and d.person_id is null and d.personless_person_id is null;
