-- The batch as a whole, on the plan: shares of its rows, and its size compared with its recent past. What has no
-- past to be compared with is 1 (volume) or 0 (unknown names).
select
    s.quarantined::double precision / s.landed as quarantined_share,
    s.duplicate::double precision / s.landed as duplicate_share,
    h.held::double precision / s.landed as held_share,
    s.late::double precision / s.landed as late_share,
    s.untimed::double precision / s.landed as unreadable_time_share,
    s.without_properties::double precision / s.landed as missing_properties_share,
    case when k.are_there then u.unknown::double precision / s.landed else 0 end as unknown_event_share,
    case when p.batches >= 20 and %(is_caught_up)s::boolean then s.landed / p.usual else 1 end as volume_ratio
from (
    select
        count(*) as landed,
        count(*) filter (where x.kind = 'quarantined') as quarantined,
        count(*) filter (where x.kind = 'duplicate') as duplicate,
        count(*) filter (where e."timestamp" < e.received_at - interval '1 day') as late,
        count(*) filter (where e.timestamp_status in ('unreadable', 'out_of_range', 'future')) as untimed,
        count(*) filter (where e.properties_type = 'missing') as without_properties
    from staging.event as e
    left join staging.excluded as x on e.landing_id = x.landing_id
) as s
cross join (
    select count(*) as held
    from staging.accepted_event as e
    inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
    where d.person_id is null and not e.is_personless
) as h
cross join (
    select coalesce(sum(n.events), 0) as unknown
    from (
        select
            e.team_id,
            e.event,
            count(*) as events
        from staging.event as e
        group by e.team_id, e.event
    ) as n
    where not exists (
        select from ops.event_day as d
        where d.team_id = n.team_id and d.event = n.event
    )
) as u
cross join (select exists(select from ops.event_day) as are_there) as k
cross join (
    select
        count(*) as batches,
        greatest(1, percentile_cont(0.5) within group (order by r.landed)) as usual
    from (
        select b.landed
        from ops.batch as b
        where b.status = 'loaded' and b.is_caught_up and b.batch_id < %(batch_id)s::bigint
        order by b.batch_id desc
        limit 60
    ) as r
) as p;
