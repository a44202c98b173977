-- Persons whose distinct ids belong together in one of the two databases only; how many there are in all.
with pairs as (
    select
        coalesce(a.team_id, w.team_id) as team_id,
        coalesce(a.distinct_id, w.distinct_id) as distinct_id,
        a.person_id as as_is,
        w.person_id as what_if
    from staging.replayed_id as a
    full join warehouse.person_distinct_ids as w on a.team_id = w.team_id and a.distinct_id = w.distinct_id
),

differences as (
    select
        team_id,
        array_agg(distinct_id order by distinct_id) as distinct_ids,
        1 as persons_as_is,
        count(distinct what_if) as persons_what_if
    from pairs
    where as_is is not null
    group by team_id, as_is
    having count(distinct what_if) <> 1
    union all
    select
        team_id,
        array_agg(distinct_id order by distinct_id),
        count(distinct as_is),
        1
    from pairs
    where what_if is not null
    group by team_id, what_if
    having count(distinct as_is) <> 1
)

select
    team_id,
    distinct_ids[1:5] as distinct_ids,
    cardinality(distinct_ids) as distinct_id_count,
    persons_as_is,
    persons_what_if,
    count(*) over () as difference_count
from differences
order by team_id, distinct_ids
limit %(most)s;
