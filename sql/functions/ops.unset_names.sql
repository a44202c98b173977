-- The names in an event's $unset: the texts of an array, or the keys of an object.
create or replace function ops.unset_names(properties jsonb)
returns text[]
language sql
immutable
as $$
select case jsonb_typeof(properties -> '$unset')
    when 'array'
        then array(
            select u.name #>> '{}'
            from jsonb_array_elements(properties -> '$unset') as u (name)
            where jsonb_typeof(u.name) = 'string'
        )
    when 'object' then array(select jsonb_object_keys(properties -> '$unset'))
    else array[]::text[]
end
$$;
