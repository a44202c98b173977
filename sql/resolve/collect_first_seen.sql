-- When each id was first seen, where events that are loaded now happened before all that are known: history may be
-- imported after what came live.
update staging.distinct_id
set first_seen_at = s.first_at
from (
    select
        d.team_id,
        d.distinct_id,
        min(n."timestamp") as first_at
    from (
        select
            e.team_id,
            e.distinct_id,
            e."timestamp",
            e.is_personless
        from staging.accepted_event as e
        where not ops.is_about_nobody(e.event)
        union all
        select
            b.team_id,
            b.distinct_id,
            b."timestamp",
            false as is_personless
        from buffer.event as b
    ) as n
    inner join staging.distinct_id as d on n.team_id = d.team_id and n.distinct_id = d.distinct_id
    where d.person_id is not null or n.is_personless
    group by d.team_id, d.distinct_id
) as s
where
    staging.distinct_id.team_id = s.team_id
    and staging.distinct_id.distinct_id = s.distinct_id
    and (staging.distinct_id.known_first_seen_at is null or s.first_at < staging.distinct_id.known_first_seen_at);
