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
cross join
    lateral (
        select r.*
        from landing.event as r
        where r.xid = e.xid and r.landing_id = e.landing_id and r.received_at = e.received_at
        offset 0
    ) as l
where x.kind = 'quarantined';
