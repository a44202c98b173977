-- How far landing is taken.
select
    w.xid::text as upper_xid,
    w.landing_id as upper_landing_id
from ops.watermark as w;
