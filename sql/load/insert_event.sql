-- The batch's events, payload straight from landing: the only time it is written.
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
    e.team_id,
    e.distinct_id,
    e.uuid,
    e.event,
    e."timestamp",
    coalesce(d.person_id, d.personless_person_id) as person_id,
    case when e.is_personless then 'propertyless' else 'full' end as person_mode,
    coalesce(l.properties, '{}') as properties,
    l.ip,
    e.received_at,
    %(batch_id)s::bigint as batch_id,
    e.landing_id
from staging.accepted_event as e
inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
inner join landing.event as l
    on e.xid = l.xid and e.landing_id = l.landing_id and e.received_at = l.received_at
where
    (d.person_id is not null or (e.is_personless and d.personless_person_id is not null))
    and (l.xid, l.landing_id) > (%(lower_xid)s::xid8, %(lower_landing_id)s::bigint)
    and (l.xid, l.landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint);
