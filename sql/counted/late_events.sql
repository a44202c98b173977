-- Events that happened that day and arrived after it had ended.
select count(*) as late_events
from warehouse.events
where
    "timestamp" >= %(day)s::date::timestamp at time zone 'UTC'
    and "timestamp" < (%(day)s::date + 1)::timestamp at time zone 'UTC'
    and received_at >= (%(day)s::date + 1)::timestamp at time zone 'UTC';
