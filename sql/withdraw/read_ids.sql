-- The ids of the withdrawn events, with all that merging events tie to one of them, directly or by others: whoever they
-- are has to be worked out again.
with recursive linked (team_id, distinct_id) as (
    select
        e.team_id,
        e.distinct_id
    from staging.withdrawn_event as e
    union
    select
        l.team_id,
        m.distinct_id
    from linked as l
    cross join
        lateral (
            select o.source_distinct_id as distinct_id
            from warehouse.merge as o
            where o.team_id = l.team_id and o.distinct_id = l.distinct_id
            union all
            select o.distinct_id
            from warehouse.merge as o
            where o.team_id = l.team_id and o.source_distinct_id = l.distinct_id
        ) as m
)

select
    team_id,
    distinct_id
from linked;
