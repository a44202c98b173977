-- The length in bytes of a value's text, or more than any limit where PostgreSQL cannot write it out at all. Without
-- numbers out of range it is at most 24 times as long as the value is stored, unpacked: 1e308 takes 14 bytes.
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
