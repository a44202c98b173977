-- Their keys are free again: a corrected file may bring the same events.
delete from warehouse.event_key
using staging.withdrawn_event as e
where
    warehouse.event_key.team_id = e.team_id
    and warehouse.event_key.uuid = e.uuid
    and warehouse.event_key.distinct_id = e.distinct_id
    and warehouse.event_key.event = e.event;
