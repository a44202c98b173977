-- The watermark, and this server's identity and next transaction id to hold against it.
select
    w.xid,
    w.landing_id,
    w.arrival_clock,
    w.as_of,
    w.xid_offset,
    w.system_identifier as expected_system_identifier,
    c.system_identifier,
    w.xid >= ((pg_snapshot_xmax(pg_current_snapshot())::text::bigint + w.xid_offset)::text)::xid8 as is_ahead_of_server
from ops.watermark as w
cross join pg_control_system() as c;
