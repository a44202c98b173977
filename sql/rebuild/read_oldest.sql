-- How far back landing reaches.
select min(received_at) as oldest_arrival
from landing.event;
