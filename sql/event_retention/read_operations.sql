-- Of each id: what events that were dropped before had said, then what those say that are dropped now.
with asked as (
    select distinct
        s.team_id,
        s.distinct_id
    from staging.dropped_event as s
)

select
    a.team_id,
    a.distinct_id,
    d.property_state,
    null::bigint as stamped_at,
    null::bigint as xid,
    null::bigint as landing_id,
    null::text as set_json,
    null::text as set_once_json,
    null::text as unset_json,
    null::text[] as lifted_values,
    null::boolean as is_forced
from asked as a
inner join ops.dropped_id as d on a.team_id = d.team_id and a.distinct_id = d.distinct_id
union all
select
    s.team_id,
    s.distinct_id,
    null as property_state,
    o.stamped_at,
    o.xid,
    o.landing_id,
    o.set_json,
    o.set_once_json,
    o.unset_json,
    o.lifted_values,
    o.is_forced
from staging.dropped_event as s
inner join ops.stored_operation as o
    on
        s.team_id = o.team_id and s.distinct_id = o.distinct_id and s."timestamp" = o."timestamp"
        and s.landing_id = o.landing_id
order by team_id, distinct_id, landing_id nulls first;
