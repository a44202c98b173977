-- Rows already loaded point at persons that are no more: persons merged away, and the ids that personless rows carry.
-- A person that a split brought back to life in this batch may have lost its other ids to another one before.
insert into staging.override (team_id, old_person_id, person_id)
select
    p.team_id,
    p.person_id as old_person_id,
    p.merged_into as person_id
from staging.person as p
where
    p.merged_into is not null
    and not p.is_new
    and not exists (
        select from staging.revived_person as v where v.team_id = p.team_id and v.person_id = p.person_id
    )
union
select
    v.team_id,
    v.person_id as old_person_id,
    v.moved_to as person_id
from staging.revived_person as v
where v.moved_to is not null
union
select
    d.team_id,
    d.personless_person_id as old_person_id,
    d.person_id
from staging.distinct_id as d
where d.personless_person_id is not null and d.person_id <> d.personless_person_id;
