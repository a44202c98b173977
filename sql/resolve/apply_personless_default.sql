-- Events that are personless only where their id has no person: what had one by their arrival is processed with it.
update staging.event
set
    is_personless = false,
    person_mode = 'full'
from (
    select e.landing_id
    from staging.accepted_event as e
    inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
    left join staging.event as c
        on d.cause <> 'hold_expired' and d.team_id = c.team_id and d.cause_uuid = c.uuid
    left join staging.birth as b
        on
            d.cause = 'hold_expired' and d.team_id = b.team_id
            and d.distinct_id = b.distinct_id and d.cause_uuid = b.uuid
    where
        e.is_personless_by_default
        and d.person_id is not null
        and (
            d.cause is null
            or c.ordinal < e.ordinal
            or (b.ordinal < e.ordinal and b.born_at <= e.arrived_at)
        )
    offset 0
) as w
where staging.event.landing_id = w.landing_id;
