-- Sum up the new batches: how old their events were when they were loaded, warnings, failed expectations.
insert into ops.report_batch (
    batch_id,
    arrival_p50_seconds,
    arrival_p95_seconds,
    event_p50_seconds,
    event_p95_seconds,
    warnings,
    failed_expectations
)
select
    b.batch_id,
    e.arrival[1] as arrival_p50_seconds,
    e.arrival[2] as arrival_p95_seconds,
    e.event[1] as event_p50_seconds,
    e.event[2] as event_p95_seconds,
    (select count(*) from ops.warning as w where w.batch_id = b.batch_id) as warnings,
    (
        select count(*)
        from ops.expectation_result as r
        where r.batch_id = b.batch_id and not r.is_success
    ) as failed_expectations
from ops.batch as b
left join (
    select
        l.batch_id,
        percentile_disc(array[0.5, 0.95]) within group (
            order by greatest(0, extract(epoch from l.loaded_at - s.received_at)::double precision)
        ) as arrival,
        percentile_disc(array[0.5, 0.95]) within group (
            order by greatest(0, extract(epoch from l.loaded_at - s."timestamp")::double precision)
        ) as event
    from warehouse.stored_event as s
    inner join ops.batch as l on s.batch_id = l.batch_id
    where s.batch_id > %(after)s::bigint and s.batch_id <= %(newest)s::bigint
    group by l.batch_id
) as e on b.batch_id = e.batch_id
where b.batch_id > %(after)s::bigint and b.batch_id <= %(newest)s::bigint and b.status = 'loaded';
