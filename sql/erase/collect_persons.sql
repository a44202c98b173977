-- The persons whose properties are folded again, from the events that still say something.
insert into staging.refolded_person (team_id, person_id)
select distinct
    d.team_id,
    d.person_id
from staging.erased_id as i
inner join warehouse.person_distinct_id as d on i.team_id = d.team_id and i.former_distinct_id = d.distinct_id
where not d.is_personless;
