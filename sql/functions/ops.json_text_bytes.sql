-- The length in bytes of a value's text, or more than any limit where PostgreSQL cannot write it out at all.
create or replace function ops.json_text_bytes(value jsonb)
returns bigint
language plpgsql
immutable
as $$
begin
    return octet_length(value::text);
exception
    when program_limit_exceeded then return 1::bigint << 40;
end;
$$;
