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

grant select on warehouse.daily_merge_effects to auditor;  -- noqa: PRS
