-- Unique users of one day of event time: as readers count them; with every rescued event under a person of its own
-- distinct id, as if nothing had been held; and with every distinct id as a person, as if nothing had been merged.
insert into ops.user_day (
    day, team_id, events, persons, persons_without_buffer, persons_without_merges, counted_at
)
select
    %(day)s::date as day,
    e.team_id,
    count(*) as events,
    count(distinct e.person_id) as persons,
    count(distinct case when r.is_rescued then 'id ' || e.distinct_id else e.person_id::text end)
        as persons_without_buffer,
    count(distinct e.distinct_id) filter (where e.person_id is not null) as persons_without_merges,
    now() as counted_at
from warehouse.events as e
left join buffer.released_event as r
    on e.team_id = r.team_id and e.distinct_id = r.distinct_id and e.uuid = r.uuid and e.event = r.event
where e."timestamp" >= %(day)s::date and e."timestamp" < %(day)s::date + 1
group by e.team_id
on conflict (day, team_id) do update
    set
        events = excluded.events,
        persons = excluded.persons,
        persons_without_buffer = excluded.persons_without_buffer,
        persons_without_merges = excluded.persons_without_merges,
        counted_at = excluded.counted_at;
