-- A state of properties, as etl/rules/property_state.py writes it, as events that would make it: one for each stamp,
-- with what of it still counts.
create or replace function ops.state_operations(state text)
returns table (stamped_at timestamptz, xid xid8, landing_id bigint, properties jsonb)
language sql
immutable
as $$
with stored as (
    select
        coalesce(s.state -> 'set', '[]') as sets,
        coalesce(s.state -> 'lifted', '[]') as lifts,
        coalesce(s.state -> 'keys', '{}') as keys
    from (select state::jsonb as state) as s
),

-- What an event lifts fills in what is not there, and comes before its own $set_once.
said as (
    select
        e.said,
        '$set' as operation,
        0 as rank,
        v.key as name,
        v.value
    from stored
    cross join jsonb_array_elements(stored.sets) as e (said)
    cross join jsonb_each(e.said -> 3) as v
    union all
    select
        e.said,
        '$set_once' as operation,
        0 as rank,
        n.name,
        v.value
    from stored
    cross join jsonb_array_elements(stored.lifts) as e (said)
    cross join jsonb_each(e.said -> 3) as v
    cross join lateral unnest(array[v.key, '$initial_' || ltrim(v.key, '$')]) as n (name)
    union all
    select
        o.said,
        o.operation,
        1 as rank,
        k.key as name,
        o.said -> 3 as value
    from stored
    cross join jsonb_each(stored.keys) as k
    cross join
        lateral (
            values
            ('$set', k.value -> 'set'),
            ('$unset', k.value -> 'unset'),
            ('$set_once', k.value -> 'first'),
            ('$set_once', k.value -> 'last')
            union all
            -- A switch sets and unsets its key.
            select
                n.operation,
                w.said
            from jsonb_array_elements(coalesce(k.value -> 'switches', '[]')) as w (said)
            cross join (values ('$set'), ('$unset')) as n (operation)
        ) as o (operation, said)
    where jsonb_typeof(o.said) = 'array'
)

select
    'epoch'::timestamptz + (s.said ->> 0)::bigint * interval '1 microsecond' as stamped_at,
    (s.said ->> 1)::xid8 as xid,
    (s.said ->> 2)::bigint as landing_id,
    jsonb_build_object(
        '$set', coalesce(jsonb_object_agg(s.name, s.value) filter (where s.operation = '$set'), '{}'),
        '$set_once',
        coalesce(jsonb_object_agg(s.name, s.value order by s.rank) filter (where s.operation = '$set_once'), '{}'),
        '$unset', coalesce(jsonb_agg(s.name) filter (where s.operation = '$unset'), '[]')
    ) as properties
from said as s
group by s.said ->> 0, s.said ->> 1, s.said ->> 2
$$;
