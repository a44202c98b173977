-- Refused rows by reason and by who sent them: library, its version and the app's.
select
    r.reason ->> 'expectation' as expectation,
    ops.event_source(q.properties) as source,
    left(coalesce(q.properties ->> '$lib_version', ''), 30) as lib_version,
    left(coalesce(q.properties ->> '$app_version', ''), 30) as app_version,
    count(*) as events,
    count(*) filter (where q.resolution is null) as waiting,
    count(distinct q.distinct_id) as distinct_ids,
    min(q.received_at) as first_at,
    max(q.received_at) as last_at
from quarantine.event as q
cross join lateral jsonb_array_elements(q.reasons) as r (reason)
where
    q.batch_id >= (
        select coalesce(min(b.batch_id), 0)
        from ops.batch as b
        where b.status = 'loaded' and b.loaded_at >= %(since)s::timestamptz
    )
    and r.reason ->> 'expectation' is not null
group by
    r.reason ->> 'expectation',
    ops.event_source(q.properties),
    left(coalesce(q.properties ->> '$lib_version', ''), 30),
    left(coalesce(q.properties ->> '$app_version', ''), 30)
order by events desc, expectation asc, source asc, lib_version asc, app_version asc
limit 300;
