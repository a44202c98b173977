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
    elements_chain,
    has_property_operations,
    is_lifted,
    ip,
    sent_at,
    received_at,
    batch_id,
    xid,
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
    case
        when b.is_rewritten
            then ops.stored_properties(coalesce(l.unpacked, '{}'), false, p.anonymize_ips)
        else coalesce(l.properties, '{}')
    end as properties,
    case when b.is_rewritten then ops.elements_chain(l.unpacked) end as elements_chain,
    b.has_property_operations,
    b.lift_shape <> 0 as is_lifted,
    case when not p.anonymize_ips then l.ip end as ip,
    l.sent_at,
    b.received_at,
    %(batch_id)s::bigint as batch_id,
    b.xid,
    b.landing_id
from buffer.event as b
inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
inner join landing.project as p on b.team_id = p.team_id
cross join
    lateral (
        select
            l.properties,
            -- Unpacked once where it is rewritten: else each of its readers unpacks a long payload anew.
            case when b.is_rewritten then l.properties #> '{}' end as unpacked,
            l.ip,
            l.sent_at
        from landing.event as l
        where l.xid = b.xid and l.landing_id = b.landing_id and l.received_at = b.received_at
        -- One look-up a row by primary key: the planner's guess about rows that landed just now is no basis for a join.
        offset 0
    ) as l
where d.person_id is not null;
