-- The same uuid with another payload is not a redelivery: the first one counts, and the difference is not silent.
insert into staging.warning (landing_id, type, details, remedy)
select
    d.landing_id,
    'duplicate_with_other_payload' as type,
    jsonb_build_object('uuid', d.uuid, 'first_landing_id', d.first_landing_id) as details,
    'Give each event a uuid of its own; the first one received was kept.' as remedy
from (
    select
        e.landing_id,
        e.uuid,
        s.landing_id as first_landing_id,
        (l.event, coalesce(l.properties, '{}')) is distinct from (s.event, s.properties) as is_other
    from staging.excluded as x
    inner join staging.event as e on x.landing_id = e.landing_id
    inner join landing.event as l
        on e.xid = l.xid and e.landing_id = l.landing_id and e.received_at = l.received_at
    inner join warehouse.event_key as k
        on e.team_id = k.team_id and e.uuid = k.uuid and e.distinct_id = k.distinct_id
    inner join warehouse.stored_event as s
        on k.team_id = s.team_id and k.distinct_id = s.distinct_id and k."timestamp" = s."timestamp" and k.uuid = s.uuid
    where x.kind = 'duplicate'
    union all
    select
        e.landing_id,
        e.uuid,
        f.landing_id as first_landing_id,
        (l.event, l.properties) is distinct from (fl.event, fl.properties) as is_other
    from staging.excluded as x
    inner join staging.event as e on x.landing_id = e.landing_id
    inner join landing.event as l
        on e.xid = l.xid and e.landing_id = l.landing_id and e.received_at = l.received_at
    inner join (
        select
            team_id,
            distinct_id,
            uuid,
            xid,
            landing_id,
            received_at
        from staging.accepted_event
        union all
        select
            team_id,
            distinct_id,
            uuid,
            xid,
            landing_id,
            received_at
        from buffer.event
    ) as f
        on e.team_id = f.team_id and e.distinct_id = f.distinct_id and e.uuid = f.uuid
    inner join landing.event as fl
        on f.xid = fl.xid and f.landing_id = fl.landing_id and f.received_at = fl.received_at
    where x.kind = 'duplicate'
) as d
where d.is_other;
