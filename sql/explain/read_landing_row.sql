-- The landing row at a position; none where its partition has been dropped.
select
    l.xid::text as xid,
    l.landing_id,
    l.received_at,
    l.team_id,
    l.uuid,
    l.event,
    l.distinct_id,
    l."timestamp",
    l.sent_at
from landing.event as l
where
    l.xid = %(xid)s::text::xid8
    and l.landing_id = %(landing_id)s::bigint
    and l.received_at = %(received_at)s::timestamptz;
