-- Hours in which a source has sent far less than its median hour.
select
    h.team_id,
    h.source as subject,
    min(h.hour_at) as since_at,
    max(h.hour_at) + interval '1 hour' as last_at,
    round(sum(h.expected - h.events))::bigint as events,
    round(max(h.expected_users))::bigint as users,
    format(
        '%%s events in %%s hours where about %%s were expected', sum(h.events), count(*), round(sum(h.expected))
    ) as detail,
    '[]'::jsonb as examples
from ops.event_hour as h
where
    h.hour_at >= %(since)s::timestamptz
    and h.hour_at + interval '1 hour' <= %(until)s::timestamptz
    and h.event = ''
    and h.expected >= %(min_expected)s::double precision
    and ops.is_far_below(
        h.events, h.expected, h.spread, %(max_share)s::double precision, %(deviations)s::double precision
    )
group by h.team_id, h.source
having count(*) >= %(min_hours)s::bigint;
