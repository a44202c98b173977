-- All distinct ids of the person that an id belongs to; of an id without person only itself. Of an erasure that is
-- replayed none: in the place of each of them another one stands already.
select n.distinct_id
from (
    select %(distinct_id)s::text as distinct_id
    union
    select o.distinct_id
    from warehouse.person_distinct_id as m
    inner join warehouse.person_distinct_id as o
        on m.team_id = o.team_id and m.person_id = o.person_id and not o.is_personless
    where m.team_id = %(team_id)s::bigint and m.distinct_id = %(distinct_id)s::text and not m.is_personless
) as n
where cardinality(%(erased_ids)s::text[]) = 0
order by n.distinct_id;
