-- What a batch wrote besides events, as one value for each kind of row.
create or replace function ops.row_digests(of_batch_id bigint)
returns jsonb
language sql
stable
as $$
select coalesce(jsonb_object_agg(n.name, n.digest), '{}')
from (
    select
        b.name,
        bit_xor(b.hash) as digest
    from ops.batch_row as b
    where b.batch_id = of_batch_id
    group by b.name
) as n
$$;
