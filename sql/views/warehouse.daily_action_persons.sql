-- For analysts: unique persons by day (UTC) and action. Reads persons as they are now, so it is right from the commit
-- of a merge, and from the moment an action is added or changed.
create or replace view warehouse.daily_action_persons as
select
    team_id,
    ("timestamp" at time zone 'UTC')::date as day,
    action_id,
    action,
    count(distinct person_id) as persons,
    count(*) as events
from warehouse.action_events
group by team_id, ("timestamp" at time zone 'UTC')::date, action_id, action;

grant select on warehouse.daily_action_persons to auditor;  -- noqa: PRS
