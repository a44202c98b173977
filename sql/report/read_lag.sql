-- Ages of events and holds by the day of loading.
select
    l.day,
    l.clock,
    l.seconds,
    l.events
from ops.report_lag as l
where l.day >= %(since)s::date
order by l.day, l.clock, l.seconds;
