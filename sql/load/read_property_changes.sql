-- Per person that insert_first_lifts.sql has not done: its state first, then the states of persons merged into it in
-- the order of the merges, then what its events say of it.
with remaining as (
    select o.*
    from staging.property_event as o
    where
        not exists (
            select from staging.person_property as q where q.team_id = o.team_id and q.person_id = o.person_id
        )
),

touched as (
    select
        team_id,
        person_id
    from remaining
    union
    select
        o.team_id,
        o.person_id
    from staging.override as o
)

select
    t.team_id,
    t.person_id,
    0 as rank,
    0 as place,
    p.property_state as state,
    null::bigint as stamped_at,
    null::bigint as xid,
    null::bigint as landing_id,
    null::text as set_json,
    null::text as set_once_json,
    null::text as unset_json,
    null::text[] as lifted_values,
    null::boolean as is_forced
from touched as t
inner join warehouse.person as p on t.team_id = p.team_id and t.person_id = p.person_id
union all
select
    o.team_id,
    o.person_id,
    1 as rank,
    coalesce(
        (
            select min(m.landing_id)
            from staging.merge as m
            where m.source_person_id = o.old_person_id and m.outcome = 'merged'
        ), 0
    ) as place,
    p.property_state as state,
    null as stamped_at,
    null as xid,
    null as landing_id,
    null as set_json,
    null as set_once_json,
    null as unset_json,
    null as lifted_values,
    null as is_forced
from staging.override as o
inner join warehouse.person as p on o.team_id = p.team_id and o.old_person_id = p.person_id
union all
select
    o.team_id,
    o.person_id,
    2 as rank,
    o.landing_id as place,
    null as state,
    (extract(epoch from o.stamped_at) * 1000000)::bigint as stamped_at,
    o.xid::text::bigint as xid,
    o.landing_id,
    case
        when o.has_property_operations and jsonb_typeof(l.properties -> '$set') = 'object'
            then (l.properties -> '$set')::text
    end as set_json,
    case
        when o.has_property_operations and jsonb_typeof(l.properties -> '$set_once') = 'object'
            then (l.properties -> '$set_once')::text
    end as set_once_json,
    case when o.has_property_operations then (l.properties -> '$unset')::text end as unset_json,
    case when o.lift_shape <> 0 then ops.lifted_values(l.properties) end as lifted_values,
    o.is_forced
from remaining as o
cross join
    lateral (
        -- Unpacked once: else each of its readers unpacks a long payload anew.
        select r.properties #> '{}' as properties
        from landing.event as r
        where r.xid = o.xid and r.landing_id = o.landing_id and r.received_at = o.received_at
        offset 0
    ) as l
order by team_id, person_id, rank, place;
