-- What the dropped events said of each id, with what earlier ones had said.
insert into ops.dropped_id (
    team_id, distinct_id, property_state, first_seen_at, first_xid, first_landing_id, first_uuid
)
with asked as (
    select distinct
        s.team_id,
        s.distinct_id
    from staging.dropped_event as s
),

seen as (
    select
        e.team_id,
        e.distinct_id,
        e."timestamp" as first_seen_at,
        e.xid,
        e.landing_id,
        e.uuid
    from staging.dropped_event as s
    inner join warehouse.stored_event as e
        on
            s.team_id = e.team_id and s.distinct_id = e.distinct_id and s."timestamp" = e."timestamp"
            and s.landing_id = e.landing_id
    where not ops.is_about_nobody(e.event)
    union all
    select
        d.team_id,
        d.distinct_id,
        d.first_seen_at,
        d.first_xid as xid,
        d.first_landing_id as landing_id,
        d.first_uuid as uuid
    from asked as a
    inner join ops.dropped_id as d on a.team_id = d.team_id and a.distinct_id = d.distinct_id
    where d.first_uuid is not null
),

arrived as (
    select distinct on (s.team_id, s.distinct_id)
        s.team_id,
        s.distinct_id,
        min(s.first_seen_at) over (partition by s.team_id, s.distinct_id) as first_seen_at,
        s.xid,
        s.landing_id,
        s.uuid
    from seen as s
    order by s.team_id, s.distinct_id, s.xid, s.landing_id
)

select
    a.team_id,
    a.distinct_id,
    coalesce(n.property_state, '{}') as property_state,
    f.first_seen_at,
    f.xid as first_xid,
    f.landing_id as first_landing_id,
    f.uuid as first_uuid
from asked as a
left join arrived as f on a.team_id = f.team_id and a.distinct_id = f.distinct_id
left join staging.dropped_id as n on a.team_id = n.team_id and a.distinct_id = n.distinct_id
on conflict (team_id, distinct_id) do update
    set
        property_state = excluded.property_state,
        first_seen_at = excluded.first_seen_at,
        first_xid = excluded.first_xid,
        first_landing_id = excluded.first_landing_id,
        first_uuid = excluded.first_uuid;
