-- Digests add and cancel out like the ledger's numbers do.
create or replace function ops.xor(variadic digests bigint[])
returns bigint
language sql
immutable
parallel safe
as $$ select bit_xor(d) from unnest(digests) as d $$;
