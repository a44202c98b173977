-- What contradicts the suite warehouse among the ids that the batch touched (of very many, among some), seen inside
-- load's transaction. Nothing, ever.
select
    'distinct_id_points_at_living_person' as expectation,
    to_jsonb(v) as contradiction
from (
    select *
    from staging.distinct_id
    where person_id is not null
    limit 5000
) as d
inner join ops.distinct_id_without_person as v on d.team_id = v.team_id and d.distinct_id = v.distinct_id
union all
-- The batch's events are stamped with the planned person.
select
    'event_agrees_with_distinct_id' as expectation,
    jsonb_build_object(
        'team_id', d.team_id,
        'distinct_id', d.distinct_id,
        'person_id', d.person_id,
        'expected_person_id', m.person_id
    ) as contradiction
from (
    select *
    from staging.distinct_id
    where person_id is not null
    limit 5000
) as d
left join warehouse.person_distinct_id as m
    on d.team_id = m.team_id and d.distinct_id = m.distinct_id and not m.is_personless
where m.person_id is distinct from d.person_id
union all
select
    'override_is_one_hop' as expectation,
    to_jsonb(v) as contradiction
from (
    select *
    from staging.override
    limit 5000
) as o
inner join ops.broken_override as v on o.team_id = v.team_id and o.old_person_id = v.old_person_id
union all
select
    'person_ids_are_unique' as expectation,
    jsonb_build_object(
        'team_id', p.team_id,
        'person_id', p.person_id,
        'first_distinct_id', p.distinct_id,
        'last_distinct_id', w.distinct_id
    ) as contradiction
from (
    select *
    from staging.person
    where is_new
    limit 5000
) as p
inner join warehouse.person as w
    on p.team_id = w.team_id and p.person_id = w.person_id and p.distinct_id <> w.distinct_id;
