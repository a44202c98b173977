-- What the number of persons of a day would be by those its rows were loaded with, and what it is. Maintenance writes
-- the present person into loaded rows, so the difference shows merges since the last squash.
create or replace view warehouse.daily_merge_effects as
select
    team_id,
    ("timestamp" at time zone 'UTC')::date as day,
    count(distinct person_id_at_load) as persons_at_load,
    count(distinct person_id) as persons,
    count(*) filter (where person_id <> person_id_at_load) as events_of_merged_persons
from warehouse.events
group by team_id, ("timestamp" at time zone 'UTC')::date;

comment on view warehouse.daily_merge_effects is
'Unique persons by day as loaded and as they are now: what merges have changed since maintenance last wrote them into '
'the rows';
comment on column warehouse.daily_merge_effects.team_id is 'The project';
comment on column warehouse.daily_merge_effects.day is 'Day of timestamp, UTC';
comment on column warehouse.daily_merge_effects.persons_at_load is
'Different persons by the ids that the rows were loaded with';
comment on column warehouse.daily_merge_effects.persons is 'Different persons as they are now';
comment on column warehouse.daily_merge_effects.events_of_merged_persons is
'Events whose person is now another one than at load';

grant select on warehouse.daily_merge_effects to auditor;  -- noqa: PRS
