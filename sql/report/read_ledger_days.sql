-- The ledger by the day of loading.
select
    (b.loaded_at at time zone 'UTC')::date as day,
    count(*) as batches,
    max(b.batch_id) as newest_batch_id,
    sum(b.landed)::bigint as landed,
    sum(b.released)::bigint as released,
    sum(b.loaded)::bigint as loaded,
    sum(b.held)::bigint as held,
    sum(b.duplicate)::bigint as duplicate,
    sum(b.quarantined)::bigint as quarantined,
    sum(b.rescued)::bigint as rescued,
    sum(b.persons_created)::bigint as persons_created,
    sum(b.persons_merged)::bigint as persons_merged,
    coalesce(sum(r.warnings), 0)::bigint as warnings,
    coalesce(sum(r.failed_expectations), 0)::bigint as failed_expectations,
    count(*) filter (where not b.is_balanced) as unbalanced
from ops.batch as b
left join ops.report_batch as r on b.batch_id = r.batch_id
where b.status = 'loaded' and b.loaded_at >= %(since)s::timestamptz
group by day
order by day;
