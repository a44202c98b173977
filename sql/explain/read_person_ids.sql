-- The distinct ids of a person, a bounded number of them, and how many there are.
select
    m.distinct_id,
    count(*) over () as distinct_ids
from warehouse.person_distinct_id as m
where
    m.team_id = %(team_id)s::bigint
    and m.person_id = %(person_id)s::uuid
    and not m.is_personless
order by m.updated_at, m.distinct_id
limit 20;
