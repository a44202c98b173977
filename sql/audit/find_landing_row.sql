-- The first landing row of a batch that does not fit the event that was made of it: its payload, name or id.
select
    e.uuid,
    l.landing_id
from ops.batch as b
inner join landing.event as l
    on
        (l.xid, l.landing_id) > (b.lower_xid, b.lower_landing_id)
        and (l.xid, l.landing_id) <= (b.upper_xid, b.upper_landing_id)
inner join warehouse.stored_event as e on b.batch_id = e.batch_id and l.landing_id = e.landing_id
where
    b.batch_id = %(batch_id)s::bigint
    and (
        l.received_at <> e.received_at
        or left(l.event, 200) is distinct from e.event
        or (
            e.properties <> coalesce(l.properties, '{}')
            and e.properties not in (
                ops.stored_properties(coalesce(l.properties, '{}'), false, false),
                ops.stored_properties(coalesce(l.properties, '{}'), false, true),
                ops.stored_properties(coalesce(l.properties, '{}'), true, false),
                ops.stored_properties(coalesce(l.properties, '{}'), true, true)
            )
        )
    )
order by l.landing_id
limit 1;
