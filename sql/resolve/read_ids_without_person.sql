-- The ids that need the person id they imply: their person is born in this batch after the fold (a hold gives birth
-- once it is over at as_of), or they are used without a person for the first time. Backends make the id of a
-- $groupidentify up at each call.
select distinct
    b.team_id,
    b.distinct_id,
    false as is_personless
from staging.birth as b
inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
where
    d.person_id is null
    and (not b.is_hold or b.born_at <= %(as_of)s::timestamptz)
union
select
    e.team_id,
    e.distinct_id,
    true as is_personless
from staging.accepted_event as e
inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
where
    e.is_personless
    and not ops.is_about_nobody(e.event)
    and d.person_id is null
    and d.personless_person_id is null
    and not exists (
        select from staging.birth as b
        where
            b.team_id = e.team_id and b.distinct_id = e.distinct_id
            and (not b.is_hold or b.born_at <= %(as_of)s::timestamptz)
    );
