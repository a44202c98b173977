-- Persons with at least one event that happened that day. One that merges joined is one, also for the days before.
select count(distinct team_id || ' ' || person_id) as unique_users
from warehouse.events
where
    "timestamp" >= %(day)s::date::timestamp at time zone 'UTC'
    and "timestamp" < (%(day)s::date + 1)::timestamp at time zone 'UTC';
