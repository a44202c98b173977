-- What is not processed yet and is known by its position: rows that were landed again from quarantine, chunks of files,
-- and the withdrawals that list them. They are landed on another shard anew, and nothing would find them there.
select
    (
        select count(*)
        from quarantine.event as q
        where
            q.team_id = %(team_id)s::bigint
            and (q.replayed_xid, q.replayed_landing_id) > (w.xid, w.landing_id)
    ) as replayed,
    (
        select count(*)
        from ops.landed_range as r
        where r.team_id = %(team_id)s::bigint and (r.xid, r.first_landing_id) > (w.xid, w.landing_id)
    ) + (
        select count(*)
        from landing.event as l
        where
            l.is_operator
            and l.event = '$withdraw_file'
            and l.team_id = %(team_id)s::bigint
            and (l.xid, l.landing_id) > (w.xid, w.landing_id)
    ) as of_files
from ops.watermark as w;
