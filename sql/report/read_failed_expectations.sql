-- Expectations that failed in the batches of a time.
select
    r.suite,
    r.expectation,
    r."column",
    r.severity,
    count(*) as batches,
    sum(r.unexpected)::bigint as unexpected,
    max(r.batch_id) as newest_batch_id
from ops.expectation_result as r
where
    r.batch_id > (select coalesce(max(b.batch_id), 0) from ops.batch as b where b.loaded_at < %(since)s::timestamptz)
    and not r.is_success
group by r.suite, r.expectation, r."column", r.severity
order by r.severity asc, batches desc, r.expectation asc;
