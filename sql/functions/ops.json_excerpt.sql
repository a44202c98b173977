-- The first characters of a value's text, or null where PostgreSQL cannot write it out at all.
create or replace function ops.json_excerpt(value jsonb, characters integer)
returns text
language plpgsql
immutable
as $$
begin
    return left(value::text, characters);
exception
    when program_limit_exceeded then return null;
end;
$$;
