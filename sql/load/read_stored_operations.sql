-- Every operation in stored events of the ids that the persons touched by a split have now: their properties are folded
-- again from nothing, because what an id said belongs to the person that has the id.
with moved as (
    select
        r.team_id,
        r.person_id as old_person_id,
        r.person_id
    from staging.refolded_person as r
    where
        not exists (
            select from staging.override as o where o.team_id = r.team_id and o.old_person_id = r.person_id
        )
    union
    select
        o.team_id,
        o.old_person_id,
        o.person_id
    from staging.override as o
    inner join staging.refolded_person as r on o.team_id = r.team_id and o.person_id = r.person_id
),

owned as (
    select
        d.team_id,
        d.distinct_id,
        d.person_id
    from staging.distinct_id as d
    inner join staging.refolded_person as r on d.team_id = r.team_id and d.person_id = r.person_id
    union all
    select
        m.team_id,
        m.distinct_id,
        v.person_id
    from moved as v
    inner join warehouse.person_distinct_id as m
        on v.team_id = m.team_id and v.old_person_id = m.person_id and not m.is_personless
    where
        not exists (
            select from staging.distinct_id as d where d.team_id = m.team_id and d.distinct_id = m.distinct_id
        )
)

select
    o.team_id,
    o.person_id,
    (extract(epoch from least(e."timestamp", e.received_at)) * 1000000)::bigint as stamped_at,
    e.xid::text::bigint as xid,
    e.landing_id,
    case
        when e.has_property_operations and jsonb_typeof(l.properties -> '$set') = 'object'
            then (l.properties -> '$set')::text
    end as set_json,
    case
        when e.has_property_operations and jsonb_typeof(l.properties -> '$set_once') = 'object'
            then (l.properties -> '$set_once')::text
    end as set_once_json,
    case when e.has_property_operations then (l.properties -> '$unset')::text end as unset_json,
    case when e.is_lifted then ops.lifted_values(l.properties) end as lifted_values,
    ops.is_about_person(e.event) as is_forced
from owned as o
inner join warehouse.stored_event as e on o.team_id = e.team_id and o.distinct_id = e.distinct_id
-- Unpacked once: else each of its readers unpacks a long payload anew.
cross join lateral (select e.properties #> '{}' as properties offset 0) as l  -- noqa: PRS
where e.has_property_operations or e.is_lifted;
