-- Every landing row with a uuid, wherever it stands: landing has no index for it, so this reads all that is retained.
select
    l.xid::text as xid,
    l.landing_id,
    l.received_at,
    l.team_id,
    l.uuid,
    l.event,
    l.distinct_id,
    (l.xid, l.landing_id) <= (w.xid, w.landing_id) as is_taken,
    l.xid < ((pg_snapshot_xmin(pg_current_snapshot())::text::bigint + w.xid_offset)::text)::xid8 as is_readable,
    (
        select b.batch_id
        from ops.batch as b
        where
            (l.xid, l.landing_id) > (b.lower_xid, b.lower_landing_id)
            and (l.xid, l.landing_id) <= (b.upper_xid, b.upper_landing_id)
    ) as batch_id
from landing.event as l
cross join ops.watermark as w
where
    lower(l.uuid) = lower(%(uuid)s::text)
    and (%(team_id)s::bigint is null or l.team_id = %(team_id)s::bigint)
order by l.xid, l.landing_id
limit 20;
