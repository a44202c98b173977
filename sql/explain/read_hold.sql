-- The hold that is over: from when to when, and the event that ended it.
select
    r.arrived_at as held_at,
    r.due_at,
    r.released_at,
    r.held_by_batch_id,
    r.released_by_batch_id,
    r.is_rescued,
    r.released_by_uuid,
    e.event as released_by_event,
    e.distinct_id as released_by_distinct_id
from buffer.released_event as r
left join warehouse.event_key as k on r.team_id = k.team_id and r.released_by_uuid = k.uuid
left join warehouse.stored_event as e
    on
        k.team_id = e.team_id and k.distinct_id = e.distinct_id and k.event = e.event
        and k."timestamp" = e."timestamp" and k.uuid = e.uuid
where
    r.team_id = %(team_id)s::bigint
    and r.distinct_id = %(distinct_id)s::text
    and r.uuid = %(uuid)s::uuid
    and r.event = %(event)s::text
order by e.batch_id desc
limit 1;
