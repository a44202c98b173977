-- How far landing has been read, and how far back it still reaches.
select
    w.as_of,
    w.arrival_clock,
    (select min(l.received_at) from landing.event as l) as oldest_arrival
from ops.watermark as w;
