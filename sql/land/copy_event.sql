-- Events of a file, as they come; position and arrival are the table's defaults.
copy landing.event (team_id, uuid, event, distinct_id, properties, timestamp, sent_at, ip) from stdin;
