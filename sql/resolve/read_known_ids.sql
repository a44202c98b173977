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
),

-- Each person once, however many of its ids are named; only where the project limits how many may move.
person_size as materialized (
    select
        k.team_id,
        k.person_id,
        (
            select count(*)
            from warehouse.person_distinct_id as c
            where c.team_id = k.team_id and c.person_id = k.person_id and not c.is_personless
        ) as distinct_ids
    from (
        select distinct
            n.team_id,
            d.person_id
        from named as n
        inner join staging.distinct_id as d on n.team_id = d.team_id and n.distinct_id = d.distinct_id
        inner join landing.project as j on n.team_id = j.team_id
        where j.merge_move_limit is not null and d.person_id is not null
    ) as k
)

select
    n.team_id,
    n.distinct_id,
    p.person_id,
    p.distinct_id as person_distinct_id,
    p.is_identified,
    p.created_at,
    p.created_by_uuid,
    coalesce(s.distinct_ids, 1) as distinct_ids,
    b.born_at,
    b.ordinal,
    b.is_hold,
    b."timestamp",
    b.uuid
from named as n
inner join staging.distinct_id as d on n.team_id = d.team_id and n.distinct_id = d.distinct_id
left join warehouse.person as p on d.team_id = p.team_id and d.person_id = p.person_id
left join person_size as s on p.team_id = s.team_id and p.person_id = s.person_id
left join staging.birth as b on n.team_id = b.team_id and n.distinct_id = b.distinct_id and d.person_id is null;
