-- The states of the ids, folded.
copy staging.dropped_id (team_id, distinct_id, property_state) from stdin;
