-- The digest of all rows of each audited table as it is now; ops.audit_entry.state has what it should be.
create or replace function ops.audited_digests()
returns table (name text, digest bigint)
language plpgsql
stable
as $$
begin
    foreach name in array ops.audited_tables() loop
        execute format('select coalesce(bit_xor(hash_record_extended(t, 0)), 0) from %s as t', name) into digest;
        return next;
    end loop;
end;
$$;
