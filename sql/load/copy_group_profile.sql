-- The groups that the batch makes or changes.
copy staging.group_profile (team_id, group_type, group_key, created_at, properties, property_state) from stdin;
