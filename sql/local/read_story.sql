-- Every event of the demo in order of arrival, with its hold: until when, what released it, and the person it has now.
select
    e.event,
    e.distinct_id,
    e.received_at,
    e.batch_id,
    e.person_id,
    e.person_id_at_load,
    r.due_at,
    r.held_by_batch_id,
    coalesce(r.is_rescued, false) as is_rescued,
    by_event.event as released_by
from warehouse.events as e
left join buffer.released_event as r
    on e.team_id = r.team_id and e.distinct_id = r.distinct_id and e.uuid = r.uuid and e.event = r.event
left join warehouse.events as by_event
    on r.team_id = by_event.team_id and r.released_by_uuid = by_event.uuid
order by e.landing_id;
