-- Events that happened that day and arrived after it had ended.
select count(*) as late_events
from warehouse.events
where
    "timestamp" >= %(day)s::date
    and "timestamp" < %(day)s::date + 1
    and received_at >= %(day)s::date + interval '1 day';
