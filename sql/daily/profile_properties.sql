-- Of what type each property of each event is on a day, from at most 200 events of a name.
insert into ops.property_day (day, team_id, event, property, type, events, sampled)
select
    d.day,
    d.team_id,
    d.event,
    left(p.key, 200) as property,
    jsonb_typeof(p.value) as type,
    count(*) as events,
    max(s.sampled) as sampled
from ops.event_day as d
cross join
    lateral (
        select
            n.properties,
            count(*) over () as sampled
        from (
            select e.properties
            from warehouse.stored_event as e
            where
                e.team_id = d.team_id
                and e.event = d.event
                and e."timestamp" >= d.day
                and e."timestamp" < d.day + 1
            limit 200
        ) as n
    ) as s
cross join lateral jsonb_each(s.properties) as p
where d.day = %(day)s::date and d.label = '' and jsonb_typeof(p.value) <> 'null'
group by d.day, d.team_id, d.event, left(p.key, 200), jsonb_typeof(p.value)
on conflict (day, team_id, event, property, type) do update
    set
        events = excluded.events,
        sampled = excluded.sampled;
