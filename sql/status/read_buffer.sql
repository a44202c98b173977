-- The buffer: how many are held, since when the oldest, and until when the last.
select
    count(*) as held,
    min(arrived_at) as oldest_arrival,
    max(due_at) as last_due
from buffer.event;
