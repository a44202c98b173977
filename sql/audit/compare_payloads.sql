-- Events of one partition whose payload is not what landed any more, and how many could be compared.
select
    c.batch_id,
    count(*) as compared,
    count(*) filter (where c.is_other) as changed,
    min(c.uuid::text) filter (where c.is_other) as example
from (
    select
        e.batch_id,
        e.uuid,
        e.properties <> coalesce(l.properties, '{}') as is_other
    from warehouse.stored_event as e
    inner join landing.event as l on e.landing_id = l.landing_id and e.received_at = l.received_at
    where
        e.tableoid = %(partition_oid)s::oid
        and e.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
) as c
group by c.batch_id;
