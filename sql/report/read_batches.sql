-- The loaded batches of a time, oldest first.
select
    b.batch_id,
    b.loaded_at,
    b.landed,
    b.released,
    b.loaded,
    b.held,
    b.duplicate,
    b.quarantined,
    b.rescued,
    b.persons_created,
    b.persons_merged,
    coalesce(r.warnings, 0) as warnings,
    coalesce(r.failed_expectations, 0) as failed_expectations,
    r.arrival_p50_seconds,
    r.arrival_p95_seconds,
    r.event_p50_seconds,
    r.event_p95_seconds,
    b.is_balanced,
    (select sum(s.value::double precision) from jsonb_each_text(b.step_seconds) as s) as seconds
from ops.batch as b
left join ops.report_batch as r on b.batch_id = r.batch_id
where
    b.status = 'loaded'
    and b.loaded_at >= %(since)s::timestamptz and b.loaded_at < %(until)s::timestamptz
order by b.batch_id;
