-- Refused rows of the new batches by expectation; a row that failed two counts for both.
insert into ops.report_refusal (batch_id, expectation, events)
select
    q.batch_id,
    r.reason ->> 'expectation' as expectation,
    count(*) as events
from quarantine.event as q
cross join lateral jsonb_array_elements(q.reasons) as r (reason)
where q.batch_id > %(after)s::bigint and q.batch_id <= %(newest)s::bigint and r.reason ->> 'expectation' is not null
group by q.batch_id, r.reason ->> 'expectation';
