-- As the view of that name, of the days asked for, both included: it bounds timestamp, so only their partitions are
-- read.
create or replace function warehouse.daily_merge_effects(from_day date, to_day date)
returns table (team_id bigint, day date, persons_at_load bigint, persons bigint, events_of_merged_persons bigint)
language sql
stable
as $$
select
    e.team_id,
    (e."timestamp" at time zone 'UTC')::date as day,
    count(distinct e.person_id_at_load) as persons_at_load,
    count(distinct e.person_id) as persons,
    count(*) filter (where e.person_id <> e.person_id_at_load) as events_of_merged_persons
from warehouse.events as e
where
    e."timestamp" >= from_day::timestamp at time zone 'UTC'
    and e."timestamp" < (to_day + 1)::timestamp at time zone 'UTC'
group by e.team_id, (e."timestamp" at time zone 'UTC')::date
$$;

comment on function warehouse.daily_merge_effects(date, date) is
'Unique persons by day (UTC) as loaded and as they are now, from one day to another, both included; reads only these '
'days';
