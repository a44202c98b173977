-- The new properties of every person whose properties change.
copy staging.person_property (
    team_id, person_id, properties, property_state, lifted_mask, lifted_at
) from stdin;
