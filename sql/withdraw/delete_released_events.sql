-- Nor was any of them ever held.
delete from buffer.released_event
using staging.withdrawn_event as e
where
    buffer.released_event.team_id = e.team_id
    and buffer.released_event.distinct_id = e.distinct_id
    and buffer.released_event.uuid = e.uuid
    and buffer.released_event.event = e.event;
