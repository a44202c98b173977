-- A payload without a property, wherever ops.has_property finds it.
create or replace function ops.without_property(properties jsonb, name text)
returns jsonb
language sql
immutable
as $$
select (properties - name) || coalesce(
    (
        select jsonb_object_agg(o.key, (properties -> o.key) - name)
        from unnest(array['$set', '$set_once', '$unset', '$group_set']) as o (key)
        where o.key <> name and jsonb_typeof(properties -> o.key) in ('object', 'array')
    ), '{}'
)
$$;
