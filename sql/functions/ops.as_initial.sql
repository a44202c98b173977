-- What an event lifts (ops.lifted) as the first of its kind: each key as $initial_..., without nulls. One row for
-- `from`.
create or replace function ops.as_initial(lifted jsonb)
returns table (initial jsonb)
language sql
immutable
as $$
select coalesce(jsonb_object_agg('$initial_' || ltrim(l.key, '$'), l.value), '{}')
from jsonb_each(lifted) as l
where l.value <> 'null'
$$;
