-- The days (UTC) of which retention has dropped events.
select d.day
from ops.dropped_events as d
order by d.day;
