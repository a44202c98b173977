-- What the remaining events say of the groups, as in load/read_group_changes.sql, and what dropped ones had said.
select
    g.team_id,
    g.group_type,
    g.group_key,
    least(e."timestamp", e.received_at) as stamped_at,
    null::text as state,
    (extract(epoch from least(e."timestamp", e.received_at)) * 1000000)::bigint as microseconds,
    e.xid::text::bigint as xid,
    e.landing_id,
    ops.group_set(e.properties) as set_json
from staging.withdrawn_group as g
inner join warehouse.stored_event as e
    on
        g.team_id = e.team_id and e.event = '$groupidentify'
        and g.group_type = e.properties ->> '$group_type' and g.group_key = e.properties ->> '$group_key'
union all
select
    g.team_id,
    g.group_type,
    g.group_key,
    d.created_at as stamped_at,
    d.property_state as state,
    null as microseconds,
    null as xid,
    null as landing_id,
    null as set_json
from staging.withdrawn_group as g
inner join ops.dropped_group as d
    on g.team_id = d.team_id and g.group_type = d.group_type and g.group_key = d.group_key
order by team_id, group_type, group_key, landing_id;
