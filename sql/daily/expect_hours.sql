-- What the hours of a day can be expected to have: the median of the same hour of the last four weeks. A source or name
-- that a week lacks had none in it; a week in which the project had nothing at all that day is not known.
insert into ops.event_hour (
    hour_at, team_id, source, event, events, users, names, without_device, expected, expected_users, spread
)
with past as (
    select
        h.*,
        h.hour_at + make_interval(days => 7 * w.weeks) as same_hour_at,
        w.weeks
    from generate_series(1, 4) as w (weeks)
    inner join ops.event_hour as h
        on
            h.hour_at >= (%(day)s::date - 7 * w.weeks)::timestamp at time zone 'UTC'
            and h.hour_at < (%(day)s::date - 7 * w.weeks + 1)::timestamp at time zone 'UTC'
),

week as (
    select
        p.team_id,
        p.weeks
    from past as p
    where p.events > 0
    group by p.team_id, p.weeks
),

seen as (
    select
        k.same_hour_at,
        k.team_id,
        k.source,
        k.event,
        coalesce(p.events, 0) as events,
        coalesce(p.users, 0) as users
    from (
        select distinct
            a.same_hour_at,
            a.team_id,
            a.source,
            a.event
        from past as a
    ) as k
    inner join week as w on k.team_id = w.team_id
    left join past as p
        on
            k.team_id = p.team_id
            and k.source = p.source
            and k.event = p.event
            and k.same_hour_at = p.same_hour_at
            and w.weeks = p.weeks
),

median as (
    select
        s.same_hour_at,
        s.team_id,
        s.source,
        s.event,
        percentile_cont(0.5) within group (order by s.events) as events,
        percentile_cont(0.5) within group (order by s.users) as users
    from seen as s
    group by s.same_hour_at, s.team_id, s.source, s.event
    having count(*) >= 2
)

select
    m.same_hour_at,
    m.team_id,
    m.source,
    m.event,
    0 as events,
    0 as users,
    0 as names,
    0 as without_device,
    m.events as expected,
    m.users as expected_users,
    percentile_cont(0.5) within group (order by abs(s.events - m.events)) as spread
from median as m
inner join seen as s
    on m.team_id = s.team_id and m.source = s.source and m.event = s.event and m.same_hour_at = s.same_hour_at
where m.events > 0
group by m.same_hour_at, m.team_id, m.source, m.event, m.events, m.users
on conflict (team_id, source, event, hour_at) do update
    set
        expected = excluded.expected,
        expected_users = excluded.expected_users,
        spread = excluded.spread;
