-- The stored events: whose they were, and what they said, is gone; that, what and when something happened stays.
with rewritten as materialized (
    select
        e.team_id,
        e.distinct_id as former_distinct_id,
        e."timestamp",
        e.landing_id,
        e.row_hash as former_hash,
        ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp") as former_key_hash,
        r.distinct_id,
        r.kind = 'naming' as is_naming,
        coalesce(p.person_id, e.person_id) as person_id,
        case when r.kind = 'naming' then e.properties || r.properties else r.properties end as properties
    from staging.erased_event as r
    inner join warehouse.stored_event as e
        on
            r.team_id = e.team_id and r.former_distinct_id = e.distinct_id and r."timestamp" = e."timestamp"
            and r.landing_id = e.landing_id
    left join staging.erased_id as p on e.team_id = p.team_id and e.person_id = p.former_person_id
    where r.kind in ('loaded', 'naming')
),

written as (
    update warehouse.stored_event as e
    set
        distinct_id = r.distinct_id,
        person_id = r.person_id,
        properties = r.properties,
        elements_chain = case when r.is_naming then e.elements_chain end,
        has_property_operations = e.has_property_operations and r.is_naming,
        is_lifted = e.is_lifted and r.is_naming,
        ip = case when r.is_naming then e.ip end,
        sent_at = case when r.is_naming then e.sent_at end,
        row_hash = ops.stored_event_hash(
            e.team_id, e.uuid, r.distinct_id, e.event, e."timestamp", e.person_mode,
            case when r.is_naming then e.elements_chain end, e.has_property_operations and r.is_naming,
            e.is_lifted and r.is_naming, case when r.is_naming then e.ip end, case when r.is_naming then e.sent_at end,
            e.received_at, e.batch_id, e.xid, e.landing_id, jsonb_hash_extended(r.properties, 0)
        )
    from rewritten as r
    where
        e.team_id = r.team_id and e.distinct_id = r.former_distinct_id and e."timestamp" = r."timestamp"
        and e.landing_id = r.landing_id
    returning
        e.batch_id,
        e.landing_id,
        e.row_hash,
        ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp") as key_hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    w.batch_id,
    d.name,
    count(*) filter (where not r.is_naming) as events,
    bit_xor(d.digest) as digest
from rewritten as r
inner join written as w on r.landing_id = w.landing_id
cross join
    lateral (
        values
        ('events', ops.xor(r.former_hash, w.row_hash)),
        ('loaded', ops.xor(r.former_key_hash, w.key_hash))
    ) as d (name, digest)
group by w.batch_id, d.name;
