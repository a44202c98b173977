-- Events of one day by source, name and hour; the most frequent twenty thousand.
insert into ops.event_hour (hour_at, team_id, source, event, events, users, names, without_device)
select
    date_trunc('hour', e."timestamp", 'UTC') as hour_at,
    e.team_id,
    ops.event_source(e.properties) as source,
    coalesce(ops.event_pattern(e.event), '') as event,
    count(*) as events,
    count(distinct e.person_id) as users,
    count(distinct e.event) as names,
    count(*) filter (where not e.properties ? '$device_id') as without_device
from warehouse.events as e
where e."timestamp" >= %(day)s::date and e."timestamp" < %(day)s::date + 1
group by
    date_trunc('hour', e."timestamp", 'UTC'),
    e.team_id,
    ops.event_source(e.properties),
    grouping sets ((ops.event_pattern(e.event)), ())
order by count(*) desc
limit 20000
on conflict (team_id, source, event, hour_at) do update
    set
        events = excluded.events,
        users = excluded.users,
        names = excluded.names,
        without_device = excluded.without_device;
