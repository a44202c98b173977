-- Distinct ids that gained a person in this batch.
copy staging.tie (team_id, distinct_id, person_id, cause, cause_uuid) from stdin;
