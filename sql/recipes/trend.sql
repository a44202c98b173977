-- Trend: events and unique persons by day (UTC) of one event; days without any are 0.
-- team_id, event; since, until: whole days.
select
    s.day,
    coalesce(n.events, 0) as events,
    coalesce(n.persons, 0) as persons
from (
    select
        generate_series(
            (%(since)s || ' UTC')::timestamptz at time zone 'UTC',
            (%(until)s || ' UTC')::timestamptz at time zone 'UTC' - interval '1 day',
            interval '1 day'
        )::date as day
) as s
left join (
    select
        (e."timestamp" at time zone 'UTC')::date as day,
        count(*) as events,
        count(distinct e.person_id) as persons
    from warehouse.events as e
    where
        e.team_id = %(team_id)s
        and e.event = %(event)s
        and e."timestamp" >= (%(since)s || ' UTC')::timestamptz
        and e."timestamp" < (%(until)s || ' UTC')::timestamptz
    group by (e."timestamp" at time zone 'UTC')::date
) as n on s.day = n.day
order by s.day;
