-- Rows that were refused for one reason, by library and version of the app that sent them.
select
    coalesce(f.team_id, 0) as team_id,
    f.expectation || ' from ' || f.source || f.version as subject,
    min(f.received_at) as since_at,
    max(f.received_at) as last_at,
    count(*) as events,
    count(distinct f.distinct_id) as users,
    format('%%s rows, last of batch %%s', count(*), max(f.batch_id)) as detail,
    to_jsonb((array_agg(f.uuid order by f.received_at desc) filter (where f.uuid is not null))[1:5]) as examples
from (
    select
        q.team_id,
        q.batch_id,
        q.received_at,
        q.distinct_id,
        left(q.uuid, 36) as uuid,
        r.reason ->> 'expectation' as expectation,
        ops.event_source(q.properties) as source,
        coalesce(' ' || left(q.properties ->> '$lib_version', 30), '')
        || coalesce(', app ' || left(q.properties ->> '$app_version', 30), '') as version
    from quarantine.event as q
    cross join lateral jsonb_array_elements(q.reasons) as r (reason)
    where
        q.received_at >= %(since)s::timestamptz
        and q.received_at < %(until)s::timestamptz
        and q.resolution is null
        and r.reason ->> 'expectation' is not null
) as f
group by f.team_id, f.expectation, f.source, f.version
having count(*) >= %(min_rows)s::bigint;
