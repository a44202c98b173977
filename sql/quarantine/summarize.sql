-- What waits in quarantine by reason and event name; a row with several reasons is in several lines.
select
    r.reason ->> 'expectation' as expectation,
    q.event,
    count(*) as events,
    min(q.received_at) as first_at,
    max(q.received_at) as last_at,
    min(q.landing_id) as example,
    min(r.reason ->> 'remedy') as remedy
from quarantine.event as q
cross join lateral jsonb_array_elements(q.reasons) as r (reason)
where
    (q.resolution is null or %(with_resolved)s::boolean)
    and (
        %(reason)s::text is null or q.reasons @> jsonb_build_array(jsonb_build_object('expectation', %(reason)s::text))
    )
    and (%(event)s::text is null or q.event = %(event)s::text)
    and (%(batch_id)s::bigint is null or q.batch_id = %(batch_id)s::bigint)
    and (%(team_id)s::bigint is null or q.team_id = %(team_id)s::bigint)
    and (%(landing_id)s::bigint is null or q.landing_id = %(landing_id)s::bigint)
    and (%(since)s::timestamptz is null or q.received_at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or q.received_at < %(until)s::timestamptz)
group by r.reason ->> 'expectation', q.event
order by count(*) desc, r.reason ->> 'expectation', q.event
limit %(at_most)s::bigint;
