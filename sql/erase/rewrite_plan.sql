-- What load checks at its end: the ids as they are now.
insert into staging.distinct_id (team_id, distinct_id, person_id)
select
    d.team_id,
    d.distinct_id,
    d.person_id
from staging.erased_id as i
inner join warehouse.person_distinct_id as d on i.team_id = d.team_id and i.distinct_id = d.distinct_id
where not d.is_personless;
