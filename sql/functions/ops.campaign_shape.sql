-- Which campaign an event lifts: 43 bits of a hash of its values, above the bits that a lift shape has for keys, and
-- the bit for being set; 0 where it names none.
create or replace function ops.campaign_shape(properties jsonb)
returns bigint
language sql
immutable
as $$
select case
    when properties ?| ops.campaign_names() and jsonb_typeof(properties) = 'object'
        then
            (hash_array_extended(ops.campaign_values(properties), 0) & ((1::bigint << 43) - 1)) << 19
            | ops.lift_is_set()
    else 0
end
$$;
