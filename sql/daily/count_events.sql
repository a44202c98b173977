-- How many events of each name a day has, and of each text that was clicked; the most frequent thousand.
insert into ops.event_day (day, team_id, event, label, events, profiled_at)
select
    %(day)s::date as day,
    e.team_id,
    e.event,
    t.label,
    count(*) as events,
    now() as profiled_at
from warehouse.stored_event as e
cross join
    lateral unnest(
        case
            when e.event = '$autocapture' and e.properties ->> '$el_text' <> ''
                then array['', left(e.properties ->> '$el_text', 100)]
            else array['']
        end
    ) as t (label)
where
    e."timestamp" >= %(day)s::date
    and e."timestamp" < %(day)s::date + 1
group by e.team_id, e.event, t.label
order by count(*) desc
limit 1000
on conflict (day, team_id, event, label) do update
    set
        events = excluded.events,
        profiled_at = excluded.profiled_at;
