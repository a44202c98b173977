-- All distinct ids of a person.
select m.distinct_id
from warehouse.person_distinct_id as m
where
    m.team_id = %(team_id)s::bigint
    and m.person_id = %(person_id)s::uuid
    and not m.is_personless
order by m.distinct_id;
