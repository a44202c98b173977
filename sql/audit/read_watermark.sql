-- The watermark, if it is not where the newest loaded batch ends.
select
    w.xid,
    w.landing_id
from ops.watermark as w
inner join (
    select b.*
    from ops.batch as b
    where b.status = 'loaded'
    order by b.batch_id desc
    limit 1
) as b on (w.xid, w.landing_id, w.as_of) is distinct from (b.upper_xid, b.upper_landing_id, b.as_of);
