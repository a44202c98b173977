-- A distinct id in every project that knows it, and its person.
select
    m.team_id,
    m.distinct_id,
    m.person_id,
    m.is_personless
from warehouse.person_distinct_id as m
where
    m.distinct_id = %(distinct_id)s::text
    and (%(team_id)s::bigint is null or m.team_id = %(team_id)s::bigint)
order by m.team_id;
