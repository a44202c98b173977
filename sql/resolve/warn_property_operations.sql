-- $set and $set_once that are no objects, $unset that is neither array nor object: ignored, and said.
insert into staging.warning (landing_id, type, details, remedy)
select
    e.landing_id,
    'invalid_property_operation' as type,
    jsonb_build_object(
        '$set', jsonb_typeof(l.properties -> '$set'),
        '$set_once', jsonb_typeof(l.properties -> '$set_once'),
        '$unset', jsonb_typeof(l.properties -> '$unset')
    ) as details,
    'Send $set and $set_once as objects and $unset as an array of names; the event itself was kept.' as remedy
from staging.accepted_event as e
inner join landing.event as l
    on e.xid = l.xid and e.landing_id = l.landing_id and e.received_at = l.received_at
where
    e.has_property_operations
    and (
        jsonb_typeof(l.properties -> '$set') not in ('object', 'null')
        or jsonb_typeof(l.properties -> '$set_once') not in ('object', 'null')
        or jsonb_typeof(l.properties -> '$unset') not in ('array', 'object', 'null')
    );
