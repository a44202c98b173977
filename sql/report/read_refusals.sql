-- Refused rows by the day of loading and by expectation.
select
    (b.loaded_at at time zone 'UTC')::date as day,
    r.expectation,
    sum(r.events)::bigint as events,
    max(r.batch_id) as newest_batch_id
from ops.report_refusal as r
inner join ops.batch as b on r.batch_id = b.batch_id
where b.loaded_at >= %(since)s::timestamptz
group by day, r.expectation
order by day asc, events desc, r.expectation asc;
