-- Distinct ids with at least one event of a person that day: as many users as if no two ids had ever been joined.
select count(distinct team_id || ' ' || distinct_id) as distinct_ids
from warehouse.events
where
    "timestamp" >= %(day)s::date::timestamp at time zone 'UTC'
    and "timestamp" < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    and person_id is not null;
