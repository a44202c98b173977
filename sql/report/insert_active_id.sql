-- Who was active on which day: the events of the new batches, added to what is known of the day.
insert into ops.report_active_id (day, team_id, distinct_id, person_id, events, late_events)
select
    e.day,
    e.team_id,
    e.distinct_id,
    m.person_id,
    e.events,
    e.late_events
from (
    select
        (s."timestamp" at time zone 'UTC')::date as day,
        s.team_id,
        s.distinct_id,
        count(*) as events,
        count(*) filter (where s.received_at >= date_trunc('day', s."timestamp", 'UTC') + interval '1 day')
            as late_events
    from warehouse.stored_event as s
    where
        s.batch_id > %(after)s::bigint and s.batch_id <= %(newest)s::bigint
        and s."timestamp" >= %(since)s::timestamptz
        and s.event <> '$split'
    group by day, s.team_id, s.distinct_id
) as e
left join warehouse.person_distinct_id as m on e.team_id = m.team_id and e.distinct_id = m.distinct_id
on conflict (team_id, distinct_id, day) do update
    set
        person_id = coalesce(ops.report_active_id.person_id, excluded.person_id),
        events = ops.report_active_id.events + excluded.events,
        late_events = ops.report_active_id.late_events + excluded.late_events;
