-- The names that an event's operations mention, and how many steps of bytes each takes up by that.
create or replace function ops.mentioned_names(properties jsonb)
returns table (name text, size bigint)
language sql
immutable
as $$
select
    m.name,
    1 + (length(m.name) + max(m.bytes)) / b.step_bytes as size
from (
    select
        s.key as name,
        octet_length(s.value::text)::bigint as bytes
    from jsonb_each(
        case when jsonb_typeof(properties -> '$set') = 'object' then properties -> '$set' else '{}' end
    ) as s
    union all
    select
        o.key as name,
        octet_length(o.value::text)::bigint as bytes
    from jsonb_each(
        case when jsonb_typeof(properties -> '$set_once') = 'object' then properties -> '$set_once' else '{}' end
    ) as o
    where o.value <> 'null'
    union all
    select
        u.name,
        0 as bytes
    from unnest(ops.unset_names(properties)) as u (name)
) as m
cross join ops.property_limits() as b
group by m.name, b.step_bytes
$$;
