-- The person ids that distinct ids imply.
copy staging.implied_person (team_id, distinct_id, person_id, is_personless) from stdin;
