-- Every operation in stored events of the ids that the persons touched by a split have now, and what dropped ones had
-- said: their properties are folded again from nothing, because what an id said belongs to the person that has the id.
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
    null as property_state,
    e.stamped_at,
    e.xid,
    e.landing_id,
    e.set_json,
    e.set_once_json,
    e.unset_json,
    e.lifted_values,
    e.is_forced
from owned as o
inner join ops.stored_operation as e on o.team_id = e.team_id and o.distinct_id = e.distinct_id
union all
select
    o.team_id,
    o.person_id,
    d.property_state,
    null as stamped_at,
    null as xid,
    null as landing_id,
    null as set_json,
    null as set_once_json,
    null as unset_json,
    null as lifted_values,
    null as is_forced
from owned as o
inner join ops.dropped_id as d on o.team_id = d.team_id and o.distinct_id = d.distinct_id;
