-- Rows that were landed again from quarantine and are not processed: quarantine would not find them on another shard.
select count(*) as rows
from quarantine.event as q
cross join ops.watermark as w
where
    q.team_id = %(team_id)s::bigint
    and (q.replayed_xid, q.replayed_landing_id) > (w.xid, w.landing_id);
