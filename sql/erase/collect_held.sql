-- The held events of the ids. None of them joins ids, for such an event is never held.
insert into staging.erased_event (
    landing_id, kind, team_id, former_distinct_id, distinct_id, xid, received_at, "timestamp", event, properties
)
select
    h.landing_id,
    'held' as kind,
    h.team_id,
    h.distinct_id as former_distinct_id,
    i.distinct_id,
    h.xid,
    h.received_at,
    h."timestamp",
    h.event,
    ops.erased_properties(h.event, l.properties, h.distinct_id, i.distinct_id, null) as properties
from staging.erased_id as i
inner join buffer.event as h on i.team_id = h.team_id and i.former_distinct_id = h.distinct_id
inner join landing.event as l on h.xid = l.xid and h.landing_id = l.landing_id and h.received_at = l.received_at
where
    (%(since_at)s::timestamptz is null or h."timestamp" >= %(since_at)s::timestamptz)
    and (%(until_at)s::timestamptz is null or h."timestamp" < %(until_at)s::timestamptz);
