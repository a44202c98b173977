-- Events that may change their person's properties, also those that the buffer releases now: all with operations of
-- their own, and of those that only lift, and lift the same keys, the first by time of each person, with the last where
-- what they lift is set. None where the person has earlier values of all these keys, unless a split folds it again from
-- nothing: those may be of an id that left. A property's time is the event's, but never later than its arrival.
insert into staging.property_event (
    team_id,
    person_id,
    stamped_at,
    received_at,
    xid,
    landing_id,
    is_forced,
    has_property_operations,
    lift_shape
)
with named as materialized (
    select
        e.team_id,
        d.person_id,
        least(e."timestamp", e.received_at) as stamped_at,
        e.received_at,
        e.xid,
        e.landing_id,
        e.event,
        e.has_property_operations,
        e.lift_shape
    from staging.accepted_event as e
    inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
    where (e.has_property_operations or e.lift_shape <> 0) and not e.is_personless and d.person_id is not null
    union all
    select
        b.team_id,
        d.person_id,
        least(b."timestamp", b.received_at) as stamped_at,
        b.received_at,
        b.xid,
        b.landing_id,
        b.event,
        b.has_property_operations,
        b.lift_shape
    from buffer.event as b
    inner join staging.distinct_id as d on b.team_id = d.team_id and b.distinct_id = d.distinct_id
    where (b.has_property_operations or b.lift_shape <> 0) and d.person_id is not null
),

alike as (
    select
        n.team_id,
        n.person_id,
        n.lift_shape,
        min(n.stamped_at) as first_at,
        case when n.lift_shape & ops.lift_is_set() <> 0 then max(n.stamped_at) end as last_at
    from named as n
    where n.lift_shape <> 0
    group by n.team_id, n.person_id, n.lift_shape
),

wanted as (
    select a.*
    from alike as a
    left join warehouse.person as p on a.team_id = p.team_id and a.person_id = p.person_id
    where
        a.lift_shape & ops.lift_is_set() <> 0
        or p.person_id is null
        or a.lift_shape & ~p.lifted_mask <> 0
        or a.first_at <= p.lifted_at
        or exists (
            select from staging.refolded_person as r where r.team_id = a.team_id and r.person_id = a.person_id
        )
)

select
    n.team_id,
    n.person_id,
    n.stamped_at,
    n.received_at,
    n.xid,
    n.landing_id,
    ops.is_about_person(n.event) as is_forced,
    n.has_property_operations,
    n.lift_shape
from named as n
left join wanted as w
    on
        n.team_id = w.team_id and n.person_id = w.person_id and n.lift_shape = w.lift_shape
        and (n.stamped_at = w.first_at or n.stamped_at = w.last_at)
where n.has_property_operations or w.lift_shape is not null;
