-- The planner knows nothing of what was just written.
analyze staging.dropped_event, staging.dropped_id, staging.dropped_group;
