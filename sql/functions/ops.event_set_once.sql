-- What an event sets once: the first of what it lifts, and its own $set_once over that, without nulls.
create or replace function ops.event_set_once(properties jsonb)
returns jsonb
language sql
immutable
as $$
select
    i.initial
    || coalesce(
        (
            select jsonb_object_agg(o.key, o.value)
            from jsonb_each(
                case when jsonb_typeof(properties -> '$set_once') = 'object' then properties -> '$set_once' else '{}' end
            ) as o
            where o.value <> 'null'
        ),
        '{}'
    )
from ops.lifted(properties) as l
cross join lateral ops.as_initial(l.lifted) as i
$$;
