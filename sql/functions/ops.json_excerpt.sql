-- The first characters of a value's text, or null where it would be written out at great length or not at all.
create or replace function ops.json_excerpt(value jsonb, characters integer)
returns text
language plpgsql
immutable
as $$
begin
    return case when not ops.has_number_out_of_range(value) then left(value::text, characters) end;
exception
    when program_limit_exceeded then return null;
end;
$$;
