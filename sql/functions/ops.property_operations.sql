-- Whether an event has $set, $set_once or $unset, and whether they can be folded: none, fine, malformed, or too_deep.
create or replace function ops.property_operations(properties jsonb)
returns text
language sql
stable
as $$
select case
    when (properties ?| array['$set', '$set_once', '$unset']) is not true then 'none'
    when
        ops.is_too_deep(properties -> '$set')
        or ops.is_too_deep(properties -> '$set_once')
        or ops.is_too_deep(properties -> '$unset') then 'too_deep'
    when
        jsonb_typeof(properties -> '$set') not in ('object', 'null')
        or jsonb_typeof(properties -> '$set_once') not in ('object', 'null')
        or jsonb_typeof(properties -> '$unset') not in ('array', 'object', 'null') then 'malformed'
    else 'fine'
end
$$;
