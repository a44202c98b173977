-- Each batch's record compared with what it should be: the chain, the ledger, the balance of its digests, its results.
select
    b.batch_id,
    b.loaded,
    b.held,
    b.released,
    b.quarantined,
    (b.digests ->> 'loaded')::bigint as loaded_digest,
    coalesce(b.previous_hash = b.hash_before, false) as is_linked,
    coalesce(
        b.hash = encode(sha256(convert_to(concat(b.previous_hash, '|', b.record), 'UTF8')), 'hex'), false
    ) as is_hash_right,
    b.is_balanced,
    coalesce(
        ops.xor(
            (b.digests ->> 'landed')::bigint,
            (b.digests ->> 'released')::bigint,
            (b.digests ->> 'loaded')::bigint,
            (b.digests ->> 'held')::bigint,
            (b.digests ->> 'duplicate')::bigint,
            (b.digests ->> 'quarantined')::bigint
        ) = 0, false
    ) as is_digest_balanced,
    coalesce(b.digests ->> 'results' = ops.results_digest(b.batch_id), false) as are_results_right
from (
    select
        r.*,
        ops.batch_text(r) as record,
        coalesce(lag(r.hash) over (order by r.batch_id), '') as hash_before
    from ops.batch as r
    where r.status = 'loaded'
) as b
where b.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
order by b.batch_id;
