-- Whether a payload says something of a property: of its own, or of its person or group.
create or replace function ops.has_property(properties jsonb, name text)
returns boolean
language sql
immutable
as $$
select coalesce(
    jsonb_typeof(properties) = 'object'
    and (
        properties ? name
        or properties -> '$set' ? name
        or properties -> '$set_once' ? name
        or properties -> '$unset' ? name
        or properties -> '$group_set' ? name
    ), false
)
$$;
