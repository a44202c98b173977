-- The ids to be worked out again, each with the id of the person named after it.
copy staging.withdrawn_id (team_id, distinct_id, person_id) from stdin;
