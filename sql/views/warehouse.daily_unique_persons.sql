-- For analysts: unique persons by day (UTC) and event. Reads persons as they are now, so it is right from the commit of
-- a merge.
create or replace view warehouse.daily_unique_persons as
select
    team_id,
    ("timestamp" at time zone 'UTC')::date as day,
    event,
    count(distinct person_id) as persons,
    count(*) as events
from warehouse.events
group by team_id, ("timestamp" at time zone 'UTC')::date, event;

grant select on warehouse.daily_unique_persons to auditor;  -- noqa: PRS
