-- What each merging event did.
copy staging.merge (landing_id, outcome, target_person_id, source_person_id, person_id, reason) from stdin;
