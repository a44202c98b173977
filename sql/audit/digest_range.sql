-- What a range of time holds of each batch's events: how many, two digests, and the rows that are not what they were
-- when they were written.
select
    c.batch_id,
    count(*) as loaded,
    bit_xor(c.key_hash) as keys_digest,
    bit_xor(c.row_hash) as digest,
    count(*) filter (where c.is_changed) as changed,
    min(c.uuid::text) filter (where c.is_changed) as example
from (
    select
        e.batch_id,
        e.uuid,
        e.row_hash,
        ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp") as key_hash,
        e.row_hash <> ops.stored_event_hash(
            e.team_id, e.uuid, e.distinct_id, e.event, e."timestamp", e.person_mode, e.elements_chain,
            e.has_property_operations, e.is_lifted, e.ip, e.sent_at, e.received_at, e.batch_id, e.xid, e.landing_id,
            jsonb_hash_extended(e.properties, 0)
        ) as is_changed
    from warehouse.stored_event as e
    where
        e."timestamp" >= %(since_at)s::timestamptz
        and e."timestamp" <= %(until_at)s::timestamptz
        and e.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
        and e.batch_id is distinct from (select b.batch_id from ops.batch as b where b.status = 'open')
) as c
group by c.batch_id;
