-- Rows that failed the gate, whole, with their reasons.
insert into quarantine.event (
    landing_id,
    batch_id,
    xid,
    received_at,
    team_id,
    uuid,
    event,
    distinct_id,
    "timestamp",
    sent_at,
    ip,
    properties,
    reasons
)
select
    l.landing_id,
    %(batch_id)s::bigint as batch_id,
    l.xid,
    l.received_at,
    l.team_id,
    l.uuid,
    l.event,
    l.distinct_id,
    l."timestamp",
    l.sent_at,
    l.ip,
    l.properties,
    x.reasons
from staging.excluded as x
inner join staging.event as e on x.landing_id = e.landing_id
inner join landing.event as l
    on e.xid = l.xid and e.landing_id = l.landing_id and e.received_at = l.received_at
where x.kind = 'quarantined';
