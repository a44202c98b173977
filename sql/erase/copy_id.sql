-- The ids to be erased, and the random ones that stand in their place from now on.
copy staging.erased_id (team_id, former_distinct_id, former_person_id, distinct_id, person_id) from stdin;
