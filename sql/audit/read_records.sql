-- Each batch compared with its entry in the log, and with what it should be: the ledger, its digests, its results. A
-- batch without entry, and an entry without batch, are in the list too.
select
    coalesce(b.batch_id, e.batch_id) as batch_id,
    b.batch_id is not null as is_there,
    b.loaded,
    b.held,
    b.released,
    b.quarantined,
    b.digests,
    coalesce(e.record = ops.batch_text(b.batch), false) as is_recorded,
    coalesce(b.is_balanced, false) as is_balanced,
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
        r as batch
    from ops.batch as r
    where r.status = 'loaded'
) as b
full join (
    select *
    from ops.audit_entry
    where kind = 'batch'
) as e on b.batch_id = e.batch_id
where coalesce(b.batch_id, e.batch_id) between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
order by coalesce(b.batch_id, e.batch_id);
