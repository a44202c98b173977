-- The staged events that the tracking plan has a schema for, with their payload: only these are read.
select
    e.landing_id,
    e.event,
    l.properties
from staging.event as e
cross join
    lateral (
        select r.properties
        from landing.event as r
        where r.xid = e.xid and r.landing_id = e.landing_id and r.received_at = e.received_at
        offset 0
    ) as l
where e.event = any(%(events)s::text[]) and e.properties_type in ('object', 'missing');
