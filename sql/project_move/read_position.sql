-- How far landing is processed, and the largest landing id that anything may have.
select
    w.xid::text::bigint as xid,
    w.landing_id,
    w.arrival_clock,
    s.last_value as newest_landing_id
from ops.watermark as w
cross join landing.event_landing_id as s;
