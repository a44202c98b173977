-- What else of the ids, or naming one, has been taken from landing: second deliveries, and what others' events name.
-- There is no index: landing is read once. A range of time is one of arrivals.
insert into staging.erased_event (
    landing_id, kind, team_id, former_distinct_id, distinct_id, xid, received_at, "timestamp", event, properties,
    other_id
)
select
    l.landing_id,
    case when i.distinct_id is null then 'naming' else 'duplicate' end as kind,
    l.team_id,
    l.written_id as former_distinct_id,
    coalesce(i.distinct_id, l.written_id) as distinct_id,
    l.xid,
    l.received_at,
    case when i.distinct_id is null then s."timestamp" end as "timestamp",
    left(l.event, 200) as event,
    case
        when i.distinct_id is not null
            then ops.erased_properties(l.event, l.properties, l.written_id, i.distinct_id, null)
        -- Of another one's for now what it names.
        else jsonb_build_object(ops.other_id_key(l.event), l.properties -> ops.other_id_key(l.event))
    end as properties,
    o.distinct_id as other_id
from (
    select
        e.landing_id,
        e.team_id,
        e.xid,
        e.received_at,
        e.event,
        e.properties,
        left(ops.given_distinct_id(e.distinct_id, e.properties), 200) as written_id,
        left(e.properties ->> ops.other_id_key(e.event), 200) as other_id
    from landing.event as e
    where (e.xid, e.landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint)
    -- Worked out once a row.
    offset 0
) as l
left join staging.erased_id as i on l.team_id = i.team_id and l.written_id = i.former_distinct_id
left join staging.erased_id as o on l.team_id = o.team_id and l.other_id = o.former_distinct_id
left join lateral (
    select e."timestamp"
    from warehouse.stored_event as e
    where
        i.distinct_id is null
        and e.team_id = l.team_id
        and e.distinct_id = l.written_id
        and e.landing_id = l.landing_id
) as s on true
where
    (
        i.distinct_id is not null
        and (%(since_at)s::timestamptz is null or l.received_at >= %(since_at)s::timestamptz)
        and (%(until_at)s::timestamptz is null or l.received_at < %(until_at)s::timestamptz)
    )
    or (i.distinct_id is null and o.distinct_id is not null and not %(is_events_only)s::boolean)
on conflict (landing_id) do nothing;
