-- The same days from the events that stay, of the batches that the page has summed up.
insert into ops.report_active_id (day, team_id, distinct_id, person_id, events, late_events)
select
    (e."timestamp" at time zone 'UTC')::date as day,
    e.team_id,
    e.distinct_id,
    d.person_id,
    count(*) as events,
    count(*) filter (where e.received_at >= date_trunc('day', e."timestamp", 'UTC') + interval '1 day') as late_events
from staging.withdrawn_id as i
inner join warehouse.stored_event as e on i.team_id = e.team_id and i.distinct_id = e.distinct_id
left join warehouse.person_distinct_id as d on i.team_id = d.team_id and i.distinct_id = d.distinct_id
where
    (e."timestamp" at time zone 'UTC')::date = any(%(days)s::date[])
    and e.batch_id <= (select s.batch_id from ops.report_state as s)
    and e.event <> '$split'
group by day, e.team_id, e.distinct_id, d.person_id;
