-- Events of the file that are held.
select h.landing_id
from buffer.event as h
where
    exists (
        select from staging.withdrawn_range as r
        where h.xid = r.xid and h.landing_id between r.first_landing_id and r.last_landing_id
    );
