-- When each of the ids was first seen, by the events that stay.
update staging.distinct_id
set first_seen_at = s.first_at
from (
    select
        e.team_id,
        e.distinct_id,
        min(e."timestamp") as first_at
    from staging.withdrawn_id as i
    inner join warehouse.stored_event as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
    where not ops.is_about_nobody(e.event)
    group by e.team_id, e.distinct_id
) as s
where staging.distinct_id.team_id = s.team_id and staging.distinct_id.distinct_id = s.distinct_id;
