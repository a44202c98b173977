-- The digests of the audited tables, from what they were and what this transaction has changed so far.
create or replace function ops.audited_state(before jsonb)
returns jsonb
language sql
stable
as $$
select jsonb_object_agg(
    t.name,
    ops.xor(
        coalesce((before ->> t.name)::bigint, 0), current_setting('audit.' || replace(t.name, '.', '_'))::bigint
    )
)
from unnest(ops.audited_tables()) as t (name)
$$;
