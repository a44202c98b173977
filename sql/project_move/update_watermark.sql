-- All up to the project's last position is processed.
update ops.watermark
set
    xid = %(upper_xid)s::xid8,
    landing_id = %(upper_landing_id)s::bigint,
    arrival_clock = greatest(arrival_clock, %(arrival_clock)s::timestamptz),
    newest_landing_id = greatest(newest_landing_id, %(upper_landing_id)s::bigint);
