-- The same rows into the fresh landing.
copy landing.event (
    xid, landing_id, received_at, team_id, uuid, event, distinct_id, properties, "timestamp", sent_at, ip,
    is_personless, is_operator, is_captured
) from stdin (format binary);  -- noqa: PRS
