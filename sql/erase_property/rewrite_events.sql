-- The stored events without the property. Every day is read.
with former as materialized (
    select
        e.team_id,
        e.distinct_id,
        e."timestamp",
        e.landing_id,
        e.row_hash,
        ops.without_property(e.properties, %(property)s::text) as properties
    from warehouse.stored_event as e
    where
        e.team_id = %(team_id)s::bigint
        and ops.has_property(e.properties, %(property)s::text)
),

written as (
    update warehouse.stored_event as e
    set
        properties = f.properties,
        row_hash = ops.stored_event_hash(
            e.team_id, e.uuid, e.distinct_id, e.event, e."timestamp", e.person_mode, e.elements_chain,
            e.has_property_operations, e.is_lifted, e.ip, e.sent_at, e.received_at, e.batch_id, e.xid, e.landing_id,
            jsonb_hash_extended(f.properties, 0)
        )
    from former as f
    where
        e.team_id = f.team_id and e.distinct_id = f.distinct_id and e."timestamp" = f."timestamp"
        and e.landing_id = f.landing_id
    returning
        e.batch_id,
        e.landing_id,
        e.row_hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    w.batch_id,
    'events' as name,
    count(*) as events,
    bit_xor(ops.xor(f.row_hash, w.row_hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
group by w.batch_id;
