-- Whether an event has $set, $set_once or $unset, and whether they can be folded: none, fine, malformed, or too_deep,
-- that is nested too deep or too long as text (a number of 10 bytes may have 131,000 digits). Small ones cannot be: a
-- level takes at least 8 bytes.
create or replace function ops.property_operations(properties jsonb, max_bytes bigint)
returns text
language sql
stable
as $$
select case
    when (properties ?| array['$set', '$set_once', '$unset']) is not true then 'none'
    when
        coalesce(pg_column_size(properties -> '$set'), 0)
        + coalesce(pg_column_size(properties -> '$set_once'), 0)
        + coalesce(pg_column_size(properties -> '$unset'), 0) > 1024
        and (
            jsonb_path_exists(
                jsonb_build_array(properties -> '$set', properties -> '$set_once', properties -> '$unset'),
                '$.**{130}'
            )
            or ops.json_text_bytes(properties -> '$set') > max_bytes
            or ops.json_text_bytes(properties -> '$set_once') > max_bytes
            or ops.json_text_bytes(properties -> '$unset') > max_bytes
        ) then 'too_deep'
    when
        jsonb_typeof(properties -> '$set') not in ('object', 'null')
        or jsonb_typeof(properties -> '$set_once') not in ('object', 'null')
        or jsonb_typeof(properties -> '$unset') not in ('array', 'object', 'null') then 'malformed'
    else 'fine'
end
$$;
