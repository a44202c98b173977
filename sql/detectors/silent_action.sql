-- Actions that find nothing any more while their project sends as usual. What they are compared with is what they find
-- in the same hours of the last four weeks, so a weekend, a night or a rare action is none. Only of those that have
-- found nothing for some hours is more read than these hours.
select
    e.team_id,
    e.name as subject,
    e.since_at,
    %(until)s::timestamptz as last_at,
    round(e.expected)::bigint as events,
    round(e.expected_users)::bigint as users,
    format(
        'nothing in %%s hours where about %%s events were expected',
        round(extract(epoch from %(until)s::timestamptz - e.since_at) / 3600),
        round(e.expected)
    ) as detail,
    '[]'::jsonb as examples
from (
    select
        s.team_id,
        s.name,
        s.since_at,
        percentile_cont(0.5) within group (order by p.events) as expected,
        percentile_cont(0.5) within group (order by p.users) as expected_users,
        array_agg(p.events) as past
    from (
        select
            q.team_id,
            q.action_id,
            q.name,
            coalesce(
                (
                    select max(f."timestamp")
                    from warehouse.action_events as f
                    where
                        f.action_id = q.action_id
                        and f."timestamp" >= %(since)s::timestamptz
                        and f."timestamp" < %(until)s::timestamptz
                ),
                %(since)s::timestamptz
            ) as since_at
        from (
            select
                a.team_id,
                a.action_id,
                a.name
            from warehouse.action as a
            where
                a.is_enabled
                and not exists (
                    select
                    from warehouse.action_events as f
                    where
                        f.action_id = a.action_id
                        and f."timestamp" >= %(until)s::timestamptz - make_interval(hours => %(min_hours)s::integer)
                        and f."timestamp" < %(until)s::timestamptz
                )
            offset 0
        ) as q
    ) as s
    cross join generate_series(1, 4) as w (weeks)
    cross join
        lateral (
            select
                count(*) as events,
                count(distinct f.person_id) as users
            from warehouse.action_events as f
            where
                f.action_id = s.action_id
                and f."timestamp" > s.since_at - make_interval(days => 7 * w.weeks)
                and f."timestamp" < %(until)s::timestamptz - make_interval(days => 7 * w.weeks)
        ) as p
    where
        -- A week in which the project had nothing at all is not known.
        exists (
            select
            from ops.event_hour as h
            where
                h.team_id = s.team_id
                and h.event = ''
                and h.events > 0
                and h.hour_at > s.since_at - make_interval(days => 7 * w.weeks, hours => 1)
                and h.hour_at < %(until)s::timestamptz - make_interval(days => 7 * w.weeks)
        )
        and (
            select sum(h.events) > sum(h.expected) * %(min_share)s::double precision
            from ops.event_hour as h
            where
                h.team_id = s.team_id
                and h.event = ''
                and h.expected is not null
                and h.hour_at >= s.since_at - interval '1 hour'
                and h.hour_at + interval '1 hour' <= %(until)s::timestamptz
        )
    group by s.team_id, s.action_id, s.name, s.since_at
    having count(*) >= 2
) as e
cross join
    lateral (
        select percentile_cont(0.5) within group (order by abs(n.events - e.expected)) as spread
        from unnest(e.past) as n (events)
    ) as d
where
    e.expected >= %(min_expected)s::double precision
    and ops.is_far_below(0, e.expected, d.spread, 0, %(deviations)s::double precision);
