-- Persons that splits have made or brought back to life.
copy staging.revived_person (team_id, person_id, moved_to) from stdin;
