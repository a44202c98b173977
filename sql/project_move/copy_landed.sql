-- Land such rows.
copy landing.event (
    team_id, uuid, event, distinct_id, properties, "timestamp", sent_at, ip, is_personless, is_operator, is_captured,
    received_at
) from stdin;
