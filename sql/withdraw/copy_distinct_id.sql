-- The ids worked out again that have a person, and what gave it to them.
copy staging.distinct_id (team_id, distinct_id, person_id, cause, cause_uuid) from stdin;
