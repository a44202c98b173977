-- Retention by week (Monday, UTC): of the persons that did one event in a week, how many did another one (or the same)
-- in that week and each later one. Events become one row a person and week first; that is what makes it fast.
-- team_id, event, returning_event; since, until: Mondays.
with active as materialized (
    select
        e.person_id,
        date_trunc('week', e."timestamp" at time zone 'UTC')::date as week,
        bool_or(e.event = %(event)s) as has_started,
        bool_or(e.event = %(returning_event)s) as has_returned
    from warehouse.events as e
    where
        e.team_id = %(team_id)s
        and e.event in (%(event)s, %(returning_event)s)
        and e."timestamp" >= (%(since)s || ' UTC')::timestamptz
        and e."timestamp" < (%(until)s || ' UTC')::timestamptz
        and e.person_id is not null
    group by e.person_id, date_trunc('week', e."timestamp" at time zone 'UTC')
)

select
    s.week,
    (r.week - s.week) / 7 as weeks_later,
    c.persons as of_persons,
    count(*) as persons
from active as s
inner join active as r on s.person_id = r.person_id and s.week <= r.week and r.has_returned
inner join (
    select
        a.week,
        count(*) as persons
    from active as a
    where a.has_started
    group by a.week
) as c on s.week = c.week
where s.has_started
group by s.week, r.week, c.persons
order by s.week, r.week;
