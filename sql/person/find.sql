-- Projects in which something is known of a distinct id: it has a person, or events that are held or were refused.
-- The ids that stand where erased ones stood are nobody's.
select
    k.team_id,
    k.distinct_id
from (
    select
        m.team_id,
        m.distinct_id
    from warehouse.person_distinct_id as m
    where m.distinct_id = %(distinct_id)s::text
    union
    select
        h.team_id,
        h.distinct_id
    from buffer.event as h
    where h.distinct_id = %(distinct_id)s::text
    union
    select
        q.team_id,
        %(distinct_id)s::text as distinct_id
    from quarantine.event as q
    inner join landing.project as p on q.team_id = p.team_id
    where left(ops.given_distinct_id(q.distinct_id, q.properties), 200) = %(distinct_id)s::text
) as k
where
    (%(team_id)s::bigint is null or k.team_id = %(team_id)s::bigint)
    and not exists (
        select from ops.erased_id as i where i.team_id = k.team_id and i.distinct_id = k.distinct_id
    )
order by k.team_id;
