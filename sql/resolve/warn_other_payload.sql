-- The same event with another payload is not a redelivery: the first one counts, and the difference is not silent.
insert into staging.warning (landing_id, type, details, remedy)
with asked as materialized (
    select
        e.landing_id,
        e.team_id,
        e.distinct_id,
        e.event,
        e.uuid,
        e.xid,
        e.received_at,
        x.first_landing_id
    from staging.excluded as x
    inner join staging.event as e on x.landing_id = e.landing_id
    where x.kind = 'duplicate'
),

-- All at once, not one look-up a row: the events may be on another server.
stored as materialized (
    select
        k.team_id,
        k.uuid,
        k.distinct_id,
        k.event,
        r.landing_id,
        r.properties
    from warehouse.event_key as k
    inner join warehouse.stored_event as r
        on
            k.team_id = r.team_id and k.distinct_id = r.distinct_id and k.event = r.event
            and k."timestamp" = r."timestamp" and k.uuid = r.uuid
    where
        (k.team_id, k.uuid, k.distinct_id, k.event) in (
            select
                a.team_id,
                a.uuid,
                a.distinct_id,
                a.event
            from asked as a
        )
)

select
    d.landing_id,
    'duplicate_with_other_payload' as type,
    jsonb_build_object('uuid', d.uuid, 'first_landing_id', d.first_landing_id) as details,
    'Give each event a uuid of its own; the first one received was kept.' as remedy
from (
    select
        e.landing_id,
        e.uuid,
        coalesce(f.landing_id, b.landing_id, s.landing_id) as first_landing_id,
        coalesce(l.properties, '{}') <> coalesce(f.properties, b.properties, s.properties, '{}') as is_other
    from asked as e
    inner join lateral (
        select r.properties
        from landing.event as r
        where r.xid = e.xid and r.landing_id = e.landing_id and r.received_at = e.received_at
        offset 0
    ) as l on true
    left join staging.event as i on e.first_landing_id = i.landing_id
    left join lateral (
        select
            r.landing_id,
            r.properties
        from landing.event as r
        where r.xid = i.xid and r.landing_id = i.landing_id and r.received_at = i.received_at
        offset 0
    ) as f on true
    left join lateral (
        select
            r.landing_id,
            r.properties
        from buffer.event as h
        inner join landing.event as r
            on h.xid = r.xid and h.landing_id = r.landing_id and h.received_at = r.received_at
        where h.team_id = e.team_id and h.distinct_id = e.distinct_id and h.event = e.event and h.uuid = e.uuid
        offset 0
    ) as b on true
    left join stored as s
        on e.team_id = s.team_id and e.uuid = s.uuid and e.distinct_id = s.distinct_id and e.event = s.event
) as d
-- Of an erased event nobody knows what it said.
where d.is_other and d.first_landing_id is not null;
