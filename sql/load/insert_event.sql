-- The batch's events between two places, payload straight from landing: the only time it is written.
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
cross join
    lateral (
        select
            l.properties,
            l.ip
        from landing.event as l
        where l.xid = e.xid and l.landing_id = e.landing_id and l.received_at = e.received_at
        -- One look-up a row by primary key: the planner's guess about rows that landed just now is no basis for a join.
        offset 0
    ) as l
where
    e.ordinal > %(after_ordinal)s::bigint and e.ordinal <= %(upto_ordinal)s::bigint
    and (d.person_id is not null or (e.is_personless and d.personless_person_id is not null));
