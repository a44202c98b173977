-- The watermark, if it is gone or not where the newest loaded batch ends.
select
    w.xid,
    w.landing_id
from (
    select b.*
    from ops.batch as b
    where b.status = 'loaded'
    order by b.batch_id desc
    limit 1
) as b
left join ops.watermark as w on true
where
    (w.xid, w.landing_id, w.as_of, w.arrival_clock)
    is distinct from (b.upper_xid, b.upper_landing_id, b.as_of, b.arrival_clock);
