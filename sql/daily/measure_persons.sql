-- All living persons.
select
    count(*) as evaluated,
    coalesce(max(n.ids), 0) as most_distinct_ids,
    count(*) filter (where coalesce(n.ids, 0) = 0) as persons_without_id,
    count(*) filter (where p.created_at > clock_timestamp() + interval '1 day') as persons_of_the_future,
    count(*) filter (where ops.is_illegal_distinct_id(p.distinct_id)) as placeholder_persons
from warehouse.person as p
left join (
    select
        team_id,
        person_id,
        count(*) as ids
    from warehouse.person_distinct_id
    where not is_personless
    group by team_id, person_id
) as n on p.team_id = n.team_id and p.person_id = n.person_id
where p.merged_into is null;
