-- Each batch compared with its entry in the log, and with what it should be: the ledger, its digests, its results. A
-- batch without entry, and an entry without batch, are in the list too. Numbers and digests are without what
-- withdrawals of files, erasures, retention and removals of projects took out since.
select
    coalesce(b.batch_id, e.batch_id) as batch_id,
    b.batch_id is not null as is_there,
    b.loaded - coalesce(w.loaded, 0) - coalesce(a.loaded, 0) as loaded,
    b.held - coalesce(w.held, 0) - coalesce(a.held, 0) as held,
    b.released - coalesce(w.released, 0) - coalesce(a.released, 0) as released,
    b.quarantined - coalesce(a.quarantined, 0) as quarantined,
    a.batch_id is not null as is_amended,
    case
        when w.from_batch_id is null and a.batch_id is null then b.digests
        else
            b.digests || jsonb_strip_nulls(
                jsonb_build_object(
                    'loaded', ops.xor((b.digests ->> 'loaded')::bigint, w.loaded_digest, a.loaded_digest),
                    'events', ops.xor((b.digests ->> 'events')::bigint, w.events_digest, a.events_digest),
                    'releases', ops.xor((b.digests ->> 'releases')::bigint, w.releases_digest, a.releases_digest),
                    'merges', ops.xor((b.digests ->> 'merges')::bigint, w.merges_digest, a.merges_digest),
                    'refused', ops.xor((b.digests ->> 'refused')::bigint, a.refused_digest),
                    'warnings', ops.xor((b.digests ->> 'warnings')::bigint, a.warnings_digest),
                    'projects', ops.xor((b.digests ->> 'projects')::bigint, a.projects_digest)
                )
            )
    end as digests,
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
left join (
    select
        from_batch_id,
        sum(loaded)::bigint as loaded,
        sum(held)::bigint as held,
        sum(released)::bigint as released,
        bit_xor((digests ->> 'loaded')::bigint) as loaded_digest,
        bit_xor((digests ->> 'events')::bigint) as events_digest,
        bit_xor((digests ->> 'releases')::bigint) as releases_digest,
        bit_xor((digests ->> 'merges')::bigint) as merges_digest
    from ops.withdrawal
    group by from_batch_id
) as w on b.batch_id = w.from_batch_id
left join (
    select
        batch_id,
        sum(loaded)::bigint as loaded,
        sum(held)::bigint as held,
        sum(released)::bigint as released,
        sum(quarantined)::bigint as quarantined,
        bit_xor((digests ->> 'loaded')::bigint) as loaded_digest,
        bit_xor((digests ->> 'events')::bigint) as events_digest,
        bit_xor((digests ->> 'releases')::bigint) as releases_digest,
        bit_xor((digests ->> 'merges')::bigint) as merges_digest,
        bit_xor((digests ->> 'refused')::bigint) as refused_digest,
        bit_xor((digests ->> 'warnings')::bigint) as warnings_digest,
        bit_xor((digests ->> 'projects')::bigint) as projects_digest
    from ops.amendment
    group by batch_id
) as a on b.batch_id = a.batch_id
where coalesce(b.batch_id, e.batch_id) between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
order by coalesce(b.batch_id, e.batch_id);
