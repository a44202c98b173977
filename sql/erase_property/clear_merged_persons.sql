-- What persons had that were merged away, nobody reads.
update warehouse.person as p
set
    properties = '{}',
    property_state = '{}',
    lifted_mask = 0,
    lifted_at = '0001-01-01 00:00:00+00'
where
    p.team_id = %(team_id)s::bigint
    and p.merged_into is not null
    and (
        p.properties ?| array[%(property)s::text, '$initial_' || %(property)s::text]
        or ops.state_has_key(p.property_state, %(property)s::text)
    );
