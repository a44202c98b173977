-- Distinct ids that splits have taken out of their person, and the person each has at the end of the batch.
copy staging.split (team_id, distinct_id, person_id, cause_uuid) from stdin;
