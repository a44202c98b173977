-- The withdrawn events are gone from what readers see.
delete from warehouse.stored_event
using staging.withdrawn_event as e
where
    warehouse.stored_event.team_id = e.team_id
    and warehouse.stored_event.distinct_id = e.distinct_id
    and warehouse.stored_event."timestamp" = e."timestamp"
    and warehouse.stored_event.landing_id = e.landing_id;
