-- Events of one partition whose payload is not what landed any more, and how many could be compared. A payload that
-- load rewrote (elements, personless, ip) is rewritten again, whichever way the project was set at the time.
select
    c.batch_id,
    count(*) as compared,
    count(*) filter (where c.is_other) as changed,
    min(c.uuid::text) filter (where c.is_other) as example
from (
    select
        e.batch_id,
        e.uuid,
        case
            when e.properties = coalesce(l.properties, '{}') then false
            else e.properties not in (
                ops.stored_properties(coalesce(l.properties, '{}'), false, false),
                ops.stored_properties(coalesce(l.properties, '{}'), false, true),
                ops.stored_properties(coalesce(l.properties, '{}'), true, false),
                ops.stored_properties(coalesce(l.properties, '{}'), true, true)
            )
        end as is_other
    from warehouse.stored_event as e
    inner join landing.event as l
        on e.xid = l.xid and e.landing_id = l.landing_id and e.received_at = l.received_at
    where
        e.tableoid = %(partition_oid)s::oid
        and e.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
) as c
group by c.batch_id;
