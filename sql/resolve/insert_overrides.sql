-- Rows already loaded point at persons that are no more: persons merged away, and the ids that personless rows carry.
insert into staging.override (team_id, old_person_id, person_id)
select
    p.team_id,
    p.person_id as old_person_id,
    p.merged_into as person_id
from staging.person as p
where p.merged_into is not null and not p.is_new
union
select
    d.team_id,
    d.personless_person_id as old_person_id,
    d.person_id
from staging.distinct_id as d
where d.personless_person_id is not null and d.person_id <> d.personless_person_id;
