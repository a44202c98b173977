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

comment on view warehouse.daily_unique_persons is
'Unique persons by day and event, over all days; warehouse.daily_unique_persons(from_day, to_day) reads only the days '
'asked for';
comment on column warehouse.daily_unique_persons.team_id is 'The project';
comment on column warehouse.daily_unique_persons.day is 'Day of timestamp, UTC';
comment on column warehouse.daily_unique_persons.event is 'The event''s name';
comment on column warehouse.daily_unique_persons.persons is
'Different persons, as they are now; events about nobody count none';
comment on column warehouse.daily_unique_persons.events is 'Events, whoever they belong to';

grant select on warehouse.daily_unique_persons to auditor;  -- noqa: PRS
