-- Events that happened that day, by their own time, which is corrected by the client's clock.
select count(*) as events
from warehouse.events
where
    "timestamp" >= %(day)s::date::timestamp at time zone 'UTC'
    and "timestamp" < (%(day)s::date + 1)::timestamp at time zone 'UTC';
