-- The released events, payload straight from landing.
insert into warehouse.stored_event (
    team_id,
    distinct_id,
    uuid,
    event,
    "timestamp",
    person_id,
    person_mode,
    properties,
    ip,
    received_at,
    batch_id,
    landing_id
)
select
    b.team_id,
    b.distinct_id,
    b.uuid,
    b.event,
    b."timestamp",
    d.person_id,
    'full' as person_mode,
    coalesce(l.properties, '{}') as properties,
    l.ip,
    b.received_at,
    %(batch_id)s::bigint as batch_id,
    b.landing_id
from buffer.event as b
inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
inner join landing.event as l
    on b.xid = l.xid and b.landing_id = l.landing_id and b.received_at = l.received_at
where d.person_id is not null;
