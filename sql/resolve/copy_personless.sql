-- The ids that personless rows carry in place of a person.
copy staging.personless (team_id, distinct_id, person_id) from stdin;
