-- Count the touched days again, from the narrow rows.
insert into ops.report_day (day, team_id, events, late_events, distinct_ids, unique_users)
select
    a.day,
    a.team_id,
    sum(a.events) as events,
    sum(a.late_events) as late_events,
    count(a.person_id) as distinct_ids,
    count(distinct a.person_id) as unique_users
from ops.report_active_id as a
where a.day = any(%(days)s::date[])
group by a.day, a.team_id
on conflict (day, team_id) do update
    set
        events = excluded.events,
        late_events = excluded.late_events,
        distinct_ids = excluded.distinct_ids,
        unique_users = excluded.unique_users;
