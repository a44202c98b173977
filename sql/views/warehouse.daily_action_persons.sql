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

comment on view warehouse.daily_action_persons is
'Unique persons and events by day and action, right from the commit of a merge and from when an action is changed';
comment on column warehouse.daily_action_persons.team_id is 'The project';
comment on column warehouse.daily_action_persons.day is 'The day of the events, UTC';
comment on column warehouse.daily_action_persons.action_id is 'The action''s number';
comment on column warehouse.daily_action_persons.action is 'The action''s name';
comment on column warehouse.daily_action_persons.persons is 'Different persons, as of now';
comment on column warehouse.daily_action_persons.events is 'Events, once each';

grant select on warehouse.daily_action_persons to auditor;  -- noqa: PRS
