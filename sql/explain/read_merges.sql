-- The merging events that name one of a person's ids, newest first.
with owned as materialized (
    select
        d.team_id,
        d.distinct_id
    from warehouse.person_distinct_id as d
    where
        d.team_id = %(team_id)s::bigint
        and d.person_id = %(person_id)s::uuid
        and not d.is_personless
),

named as (
    select m.*
    from owned as o
    inner join warehouse.merge as m on o.team_id = m.team_id and o.distinct_id = m.distinct_id
    union
    select m.*
    from owned as o
    inner join warehouse.merge as m on o.team_id = m.team_id and o.distinct_id = m.source_distinct_id
)

select
    arrived_at,
    uuid,
    event,
    distinct_id,
    source_distinct_id,
    outcome,
    reason,
    target_person_id,
    source_person_id,
    person_id
from named
order by xid desc, landing_id desc
limit 20;
