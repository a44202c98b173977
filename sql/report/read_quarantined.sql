-- The newest refused rows of every expectation, found through the newest batches that are enough to fill the list.
select
    x.expectation,
    q.*
from (
    select distinct r.expectation
    from ops.report_refusal as r
    inner join ops.batch as b on r.batch_id = b.batch_id
    where b.loaded_at >= %(since)s::timestamptz
) as x
cross join
    lateral (
        select
            e.landing_id,
            e.batch_id,
            e.resolution,
            e.received_at,
            e.team_id,
            left(e.uuid, 200) as uuid,
            left(e.event, 400) as event,
            left(e.distinct_id, 400) as distinct_id,
            left(e."timestamp", 200) as "timestamp",
            ops.json_excerpt(e.properties, 600) as properties,
            j.reason ->> 'column' as "column",
            j.reason ->> 'reason' as reason,
            j.reason ->> 'remedy' as remedy
        from (
            select
                r.batch_id,
                sum(r.events) over (order by r.batch_id desc) - r.events as newer
            from ops.report_refusal as r
            where r.expectation = x.expectation
        ) as n
        inner join quarantine.event as e on n.batch_id = e.batch_id
        cross join lateral jsonb_array_elements(e.reasons) as j (reason)
        where n.newer < %(at_most)s::bigint and j.reason ->> 'expectation' = x.expectation
        order by e.landing_id desc
        limit %(at_most)s::bigint
    ) as q
order by x.expectation asc, q.landing_id desc;
