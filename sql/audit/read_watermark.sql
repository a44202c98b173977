-- The watermark, if it is gone, not where the newest loaded batch ends, or shifts transaction ids by another number
-- than landing does (see ops.rebase_watermark).
select
    w.xid,
    w.landing_id,
    w.xid_offset,
    o.xid_offset as landing_offset,
    not exists (
        select
        where
            (w.xid, w.landing_id, w.as_of, w.arrival_clock)
            is not distinct from (b.upper_xid, b.upper_landing_id, b.as_of, b.arrival_clock)
    ) as is_elsewhere
from (
    select n.*
    from ops.batch as n
    where n.status = 'loaded'
    order by n.batch_id desc
    limit 1
) as b
left join ops.watermark as w on true
cross join (
    select coalesce((regexp_match(pg_get_expr(d.adbin, d.adrelid), '\+ ''?(\d+)'))[1]::bigint, 0) as xid_offset
    from pg_attribute as a
    left join pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
    where a.attrelid = 'landing.event'::regclass and a.attname = 'xid'
) as o
where
    (w.xid, w.landing_id, w.as_of, w.arrival_clock, w.xid_offset)
    is distinct from (b.upper_xid, b.upper_landing_id, b.as_of, b.arrival_clock, o.xid_offset);
