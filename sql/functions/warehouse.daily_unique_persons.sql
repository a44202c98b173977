-- As the view of that name, of the days asked for, both included: it bounds timestamp, so only their partitions are
-- read. The view cannot, because its day is an expression. Plain SQL, so that the planner sees through it.
create or replace function warehouse.daily_unique_persons(from_day date, to_day date)
returns table (team_id bigint, day date, event text, persons bigint, events bigint)
language sql
stable
as $$
select
    p.team_id,
    p.day,
    p.event,
    count(p.person_id) as persons,
    sum(p.events)::bigint as events
-- One row a person first: three fifths of the time of count(distinct ...), which sorts all events.
from (
    select
        e.team_id,
        (e."timestamp" at time zone 'UTC')::date as day,
        e.event,
        e.person_id,
        count(*) as events
    from warehouse.events as e
    where
        e."timestamp" >= from_day::timestamp at time zone 'UTC'
        and e."timestamp" < (to_day + 1)::timestamp at time zone 'UTC'
    group by e.team_id, (e."timestamp" at time zone 'UTC')::date, e.event, e.person_id
) as p
group by p.team_id, p.day, p.event
$$;

comment on function warehouse.daily_unique_persons(date, date) is
'Unique persons and events by day (UTC) and event, from one day to another, both included; reads only these days';
