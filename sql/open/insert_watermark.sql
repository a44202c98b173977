-- The watermark of a new database: nothing processed yet.
insert into ops.watermark (
    xid, landing_id, arrival_clock, as_of, newest_landing_id, xid_offset, system_identifier
)
select
    '0'::xid8 as xid,
    0 as landing_id,
    '0001-01-01 00:00:00+00'::timestamptz as arrival_clock,
    '0001-01-01 00:00:00+00'::timestamptz as as_of,
    0 as newest_landing_id,
    0 as xid_offset,
    system_identifier
from pg_control_system()
on conflict (is_only) do nothing;
