-- The merges that stay, as they have come out: what changed of a batch's merges is both digests together.
update ops.withdrawal
set
    digests = ops.withdrawal.digests || jsonb_build_object(
        'merges', ops.xor((ops.withdrawal.digests ->> 'merges')::bigint, n.digest)
    )
from (
    select
        m.batch_id,
        bit_xor(hash_record_extended(m, 0)) as digest
    from staging.withdrawn_id as i
    inner join warehouse.merge as m on i.team_id = m.team_id and i.distinct_id = m.distinct_id
    group by m.batch_id
) as n
where ops.withdrawal.batch_id = %(batch_id)s::bigint and ops.withdrawal.from_batch_id = n.batch_id;
