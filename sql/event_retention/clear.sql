-- Forget what was dropped before.
truncate staging.dropped_event, staging.dropped_id, staging.dropped_group;
