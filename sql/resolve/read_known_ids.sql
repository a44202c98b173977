-- Every id that the batch's merging events name: its person if it has one, else the births it may have; a row a birth.
with named as materialized (
    select
        team_id,
        distinct_id
    from staging.accepted_event
    where is_merging
    union
    select
        team_id,
        other_id as distinct_id
    from staging.accepted_event
    where is_merging
)

select
    n.team_id,
    n.distinct_id,
    p.person_id,
    p.distinct_id as person_distinct_id,
    p.is_identified,
    p.created_at,
    p.created_by_uuid,
    case when j.merge_move_limit is not null then i.distinct_ids else 1 end as distinct_ids,
    b.born_at,
    b.ordinal,
    b.is_hold,
    b."timestamp",
    b.uuid
from named as n
inner join staging.distinct_id as d on n.team_id = d.team_id and n.distinct_id = d.distinct_id
left join warehouse.person as p on d.team_id = p.team_id and d.person_id = p.person_id
left join landing.project as j on n.team_id = j.team_id
-- Counted only where the project limits how many may move.
left join lateral (
    select count(*) as distinct_ids
    from warehouse.person_distinct_id as c
    where
        j.merge_move_limit is not null
        and c.team_id = p.team_id and c.person_id = p.person_id and not c.is_personless
) as i on true
left join staging.birth as b on n.team_id = b.team_id and n.distinct_id = b.distinct_id and d.person_id is null;
