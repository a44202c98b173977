-- A $groupidentify that names no group changes none; a $group_set that is no object, or nested too deep, sets nothing.
insert into staging.warning (landing_id, type, details, remedy)
select
    e.landing_id,
    'invalid_group_identify' as type,
    '{}'::jsonb as details,
    'Send $group_type and $group_key as text that is not empty, and $group_set as an object, at most 128 levels deep; '
    || 'the event was kept.' as remedy
from staging.accepted_event as e
cross join
    lateral (
        select
            coalesce(
                jsonb_typeof(r.properties -> '$group_type') in ('string', 'number', 'boolean')
                and jsonb_typeof(r.properties -> '$group_key') in ('string', 'number', 'boolean')
                and r.properties ->> '$group_type' <> ''
                and r.properties ->> '$group_key' <> ''
                and coalesce(jsonb_typeof(r.properties -> '$group_set'), 'null') in ('object', 'null')
                and not ops.is_too_deep(r.properties -> '$group_set'),
                false
            ) as is_valid
        from landing.event as r
        where r.xid = e.xid and r.landing_id = e.landing_id and r.received_at = e.received_at
        offset 0
    ) as l
where e.event = '$groupidentify' and not l.is_valid;
