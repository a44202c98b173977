-- An object without the values that are too long to count as properties of a person.
create or replace function ops.within_value_bytes(operations jsonb)
returns jsonb
language sql
stable
as $$
select case
    -- Nearly always: no text is more than 24 times as long as its value is stored (see ops.json_text_bytes).
    when pg_column_size(operations) * 24 <= b.value_bytes or jsonb_typeof(operations) <> 'object' then operations
    else (
        select coalesce(jsonb_object_agg(o.key, o.value), '{}')
        from jsonb_each(operations) as o
        where octet_length(o.value::text) <= b.value_bytes
    )
end
from ops.property_limits() as b
$$;
