-- Persons that splits took ids from or gave ids to.
copy staging.refolded_person (team_id, person_id) from stdin;
