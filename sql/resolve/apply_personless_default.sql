-- Events that are personless only where their id has no person: what had one by their arrival is processed with it.
update staging.event
set
    is_personless = false,
    person_mode = 'full'
from (
    select o.landing_id
    from (
        select
            e.landing_id,
            e.ordinal,
            e.arrived_at,
            d.team_id,
            d.distinct_id,
            d.cause,
            d.cause_uuid
        from staging.accepted_event as e
        inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
        where e.is_personless_by_default and d.person_id is not null
        -- These few first; what gave an id its person is looked up only for them.
        offset 0
    ) as o
    left join staging.event as c
        on
            o.cause <> 'hold_expired' and o.team_id = c.team_id and o.cause_uuid = c.uuid
            and o.distinct_id in (c.distinct_id, c.other_id) and not c.is_personless
    left join staging.birth as b
        on
            o.cause = 'hold_expired' and o.team_id = b.team_id
            and o.distinct_id = b.distinct_id and o.cause_uuid = b.uuid
    where
        o.cause is null
        or c.ordinal < o.ordinal
        or (b.ordinal < o.ordinal and b.born_at <= o.arrived_at)
    offset 0
) as w
where staging.event.landing_id = w.landing_id;
