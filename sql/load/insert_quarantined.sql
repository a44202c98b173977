-- Rows that failed the gate or were set apart, whole, with their reasons; held events that were set apart too.
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
    is_personless,
    is_operator,
    is_captured,
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
    l.is_personless,
    l.is_operator,
    l.is_captured,
    q.reasons
from (
    select
        e.xid,
        e.landing_id,
        e.received_at,
        x.reasons
    from staging.excluded as x
    inner join staging.event as e on x.landing_id = e.landing_id
    where x.kind = 'quarantined'
    union all
    select
        a.xid,
        a.landing_id,
        a.received_at,
        jsonb_build_array(a.reason) as reasons
    from ops.set_apart as a
    where a.batch_id = %(batch_id)s::bigint and a.held is not null
) as q
cross join
    lateral (
        select r.*
        from landing.event as r
        where r.xid = q.xid and r.landing_id = q.landing_id and r.received_at = q.received_at
        offset 0
    ) as l;
