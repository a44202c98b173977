-- The properties of persons of whom nothing was known and who have one event that only fills in device keys: most
-- visitors. What etl/rules/properties.py would fold for each of them, said at once; nested and long values are left to
-- it.
insert into staging.person_property (team_id, person_id, properties, property_state, lifted_mask, lifted_at)
with alone as (
    select
        o.team_id,
        o.person_id
    from staging.property_event as o
    group by o.team_id, o.person_id
    having
        count(*) = 1
        and not bool_or(o.has_property_operations or o.is_forced)
        and bit_or(o.lift_shape) & ops.lift_is_set() = 0
),

unpacked as (
    select
        o.*,
        jsonb_populate_record(null::ops.device_keys, l.properties) as device
    from alone as a
    inner join staging.property_event as o on a.team_id = o.team_id and a.person_id = o.person_id
    cross join
        lateral (
            select r.properties
            from landing.event as r
            where r.xid = o.xid and r.landing_id = o.landing_id and r.received_at = o.received_at
            offset 0
        ) as l
    where
        not exists (select from warehouse.person as p where p.team_id = o.team_id and p.person_id = o.person_id)
        and not exists (select from staging.override as v where v.team_id = o.team_id and v.person_id = o.person_id)
        and not exists (
            select from staging.refolded_person as d where d.team_id = o.team_id and d.person_id = o.person_id
        )
    offset 0
),

filled as (
    select
        k.team_id,
        k.person_id,
        k.stamped_at,
        k.xid,
        k.landing_id,
        k.lift_shape,
        ops.device_lifted(k.device) as lifted
    from unpacked as k
    offset 0
)

select
    f.team_id,
    f.person_id,
    f.lifted || i.initial as properties,
    jsonb_build_object(
        'lifted',
        jsonb_build_array(
            jsonb_build_array(
                (extract(epoch from f.stamped_at) * 1000000)::bigint, f.xid::text::bigint, f.landing_id, f.lifted
            )
        )
    )::text as property_state,
    f.lift_shape as lifted_mask,
    f.stamped_at as lifted_at
from filled as f
cross join lateral ops.as_initial(f.lifted) as i
cross join ops.property_limits() as b
where
    strpos(substr(f.lifted::text, 2), '{') = 0 and strpos(f.lifted::text, '[') = 0
    and octet_length(f.lifted::text) <= b.lifted_bytes;
