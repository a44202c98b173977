-- What the gate looks at, as CSV: the fastest way into a data frame.
copy (
    select
        landing_id,
        is_team_known,
        uuid_status,
        event_length,
        distinct_id_length,
        timestamp_status,
        sent_at_status,
        clock_skew_seconds,
        properties_type,
        properties_bytes,
        other_id_status,
        personless_status
    from staging.event
) to stdout (format csv, header);
