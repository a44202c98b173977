-- What one partition of the events holds of each batch.
select
    e.batch_id,
    count(*) as loaded,
    bit_xor(ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp")) as digest
from warehouse.stored_event as e
where
    e.tableoid = %(partition_oid)s::oid
    and e.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by e.batch_id;
