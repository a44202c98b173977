-- The persons that belong to a cohort now: which of its conditions each meets, and whether that is enough for one of
-- the alternatives. Each condition is asked once, whatever the number of alternatives. With a search_path of its own it
-- is planned for the one cohort and never put in place of the call, where conditions would be asked for each person.
create or replace function ops.cohort_persons(of_cohort_id bigint)
returns table (person_id uuid)
language sql
stable
parallel safe
set search_path = ''
as $$
select p.person_id
from warehouse.cohort as c
inner join warehouse.person as p on p.team_id = c.team_id and p.merged_into is null
left join (
    select
        m.person_id,
        array_agg(m.condition_id) as condition_ids
    from (
        select
            k.condition_id,
            p.person_id
        from warehouse.cohort_condition as k
        inner join warehouse.person as p on p.team_id = k.team_id and p.merged_into is null
        where
            k.cohort_id = of_cohort_id
            and k.key is not null
            and ops.meets_filter(p.properties ->> k.key, k.operator, k.texts, k.numbers)
        union all
        select
            k.condition_id,
            d.person_id
        from warehouse.cohort_condition as k
        cross join
            lateral (
                select
                    n.person_id,
                    count(*) as times
                from (
                    select e.person_id
                    from warehouse.events as e
                    where
                        e.team_id = k.team_id
                        and e.event = k.event
                        and e."timestamp" >= now() - k.within
                        and e."timestamp" <= now()
                    union all
                    select e.person_id
                    from warehouse.action_events as e
                    where
                        e.action_id = k.action_id
                        and e."timestamp" >= now() - k.within
                        and e."timestamp" <= now()
                ) as n
                group by n.person_id
            ) as d
        where
            k.cohort_id = of_cohort_id
            and k.within is not null
            and case k.times_operator
                when 'gte' then d.times >= k.times
                when 'gt' then d.times > k.times
                when 'lte' then d.times <= k.times
                when 'lt' then d.times < k.times
                when 'exact' then d.times = k.times
            end
        union all
        select distinct
            k.condition_id,
            d.person_id
        from warehouse.cohort_condition as k
        inner join warehouse.cohort_distinct_id as i on k.cohort_id = i.cohort_id
        inner join warehouse.person_distinct_ids as d on k.team_id = d.team_id and i.distinct_id = d.distinct_id
        where k.cohort_id = of_cohort_id and k.key is null and k.within is null
    ) as m
    group by m.person_id
) as m on p.person_id = m.person_id
where
    c.cohort_id = of_cohort_id
    and exists (
        select
        from warehouse.cohort_alternative as a
        where
            a.cohort_id = c.cohort_id
            and coalesce(m.condition_ids, '{}') @> a.needed
            and not coalesce(m.condition_ids, '{}') && a.excluded
    )
$$;
