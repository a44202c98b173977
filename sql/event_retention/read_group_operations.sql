-- Of each group that the events are about: what dropped ones had said before, then what these say.
with said as materialized (
    select
        e.team_id,
        e.properties ->> '$group_type' as group_type,
        e.properties ->> '$group_key' as group_key,
        least(e."timestamp", e.received_at) as stamped_at,
        e.xid::text::bigint as xid,
        e.landing_id,
        ops.group_set(e.properties) as set_json
    from staging.dropped_event as s
    inner join warehouse.stored_event as e
        on
            s.team_id = e.team_id and s.distinct_id = e.distinct_id and s."timestamp" = e."timestamp"
            and s.landing_id = e.landing_id
    where e.event = '$groupidentify'
),

asked as (
    select distinct
        s.team_id,
        s.group_type,
        s.group_key
    from said as s
)

select
    d.team_id,
    d.group_type,
    d.group_key,
    d.created_at as stamped_at,
    d.property_state,
    null::bigint as microseconds,
    null::bigint as xid,
    null::bigint as landing_id,
    null::text as set_json
from asked as a
inner join ops.dropped_group as d
    on a.team_id = d.team_id and a.group_type = d.group_type and a.group_key = d.group_key
union all
select
    s.team_id,
    s.group_type,
    s.group_key,
    s.stamped_at,
    null as property_state,
    (extract(epoch from s.stamped_at) * 1000000)::bigint as microseconds,
    s.xid,
    s.landing_id,
    s.set_json
from said as s
where s.group_type is not null and s.group_key is not null
order by team_id, group_type, group_key, landing_id nulls first;
