-- The remaining merging events of the ids, in arrival order. What a limit has let through stays.
select
    m.xid::text::bigint as xid,
    m.landing_id,
    m.team_id,
    m.uuid,
    m.event,
    m.distinct_id as target,
    m.source_distinct_id as source,
    m."timestamp",
    m.arrived_at,
    null::bigint as merge_move_limit,
    m.is_from_client,
    ops.is_merge_guarded() as is_guarded
from staging.withdrawn_id as i
inner join warehouse.merge as m on i.team_id = m.team_id and i.distinct_id = m.distinct_id
order by m.xid, m.landing_id;
