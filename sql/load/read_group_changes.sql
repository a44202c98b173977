-- Per group: its state first, then the operations of the batch's $groupidentify events, personless ones too: a group is
-- no person. An operation counts from the event, never later than its arrival.
with operation as materialized (
    select
        e.team_id,
        l.group_type,
        l.group_key,
        least(e."timestamp", e.received_at) as stamped_at,
        e.xid,
        e.landing_id,
        l.set_json
    from staging.accepted_event as e
    cross join
        lateral (
            select
                r.properties ->> '$group_type' as group_type,
                r.properties ->> '$group_key' as group_key,
                ops.group_set(r.properties) as set_json
            from landing.event as r
            where
                r.xid = e.xid and r.landing_id = e.landing_id and r.received_at = e.received_at
                and jsonb_typeof(r.properties -> '$group_type') in ('string', 'number', 'boolean')
                and jsonb_typeof(r.properties -> '$group_key') in ('string', 'number', 'boolean')
                and r.properties ->> '$group_type' <> ''
                and r.properties ->> '$group_key' <> ''
            offset 0
        ) as l
    where e.event = '$groupidentify'
)

select
    g.team_id,
    g.group_type,
    g.group_key,
    g.created_at as stamped_at,
    g.property_state as state,
    null::bigint as microseconds,
    null::bigint as xid,
    null::bigint as landing_id,
    null::text as set_json
from warehouse.group_profile as g
where
    (g.team_id, g.group_type, g.group_key) in (
        select
            o.team_id,
            o.group_type,
            o.group_key
        from operation as o
    )
union all
select
    o.team_id,
    o.group_type,
    o.group_key,
    o.stamped_at,
    null as state,
    (extract(epoch from o.stamped_at) * 1000000)::bigint as microseconds,
    o.xid::text::bigint as xid,
    o.landing_id,
    o.set_json
from operation as o
order by team_id, group_type, group_key, landing_id nulls first;
