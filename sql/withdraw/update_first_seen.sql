-- When each of the ids was first seen, by the events that stay and those that retention has dropped.
update staging.distinct_id
set first_seen_at = s.first_at
from (
    select
        f.team_id,
        f.distinct_id,
        min(f.first_at) as first_at
    from (
        select
            e.team_id,
            e.distinct_id,
            e."timestamp" as first_at
        from staging.withdrawn_id as i
        inner join warehouse.stored_event as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
        where not ops.is_about_nobody(e.event)
        union all
        select
            d.team_id,
            d.distinct_id,
            d.first_seen_at as first_at
        from staging.withdrawn_id as i
        inner join ops.dropped_id as d on i.team_id = d.team_id and i.distinct_id = d.distinct_id
        where d.first_seen_at is not null
    ) as f
    group by f.team_id, f.distinct_id
) as s
where staging.distinct_id.team_id = s.team_id and staging.distinct_id.distinct_id = s.distinct_id;
