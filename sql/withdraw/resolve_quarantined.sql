-- What of the file is in quarantine waits for nobody any more.
update quarantine.event
set
    resolution = 'discarded',
    resolved_at = now(),
    resolved_by = %(who)s::text,
    resolved_why = %(why)s::text
from staging.withdrawn_range as r
where
    quarantine.event.xid = r.xid
    and quarantine.event.landing_id between r.first_landing_id and r.last_landing_id
    and quarantine.event.resolution is null;
