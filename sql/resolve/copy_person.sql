-- Persons that the batch makes or changes.
copy staging.person (
    team_id, person_id, distinct_id, is_new, is_identified, created_at, merged_into, created_by_uuid
) from stdin;
