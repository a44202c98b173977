-- The states of the groups, folded.
copy staging.dropped_group (team_id, group_type, group_key, created_at, property_state) from stdin;
