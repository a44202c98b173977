-- The watermark, this server's identity and next transaction id to hold against it, and when the last batch was opened.
select
    w.xid,
    w.landing_id,
    w.arrival_clock,
    w.as_of,
    (select b.opened_at from ops.batch as b order by b.batch_id desc limit 1) as opened_at,
    w.xid_offset,
    w.system_identifier as expected_system_identifier,
    c.system_identifier,
    w.xid >= ((pg_snapshot_xmax(pg_current_snapshot())::text::bigint + w.xid_offset)::text)::xid8 as is_ahead_of_server
from ops.watermark as w
cross join pg_control_system() as c;
