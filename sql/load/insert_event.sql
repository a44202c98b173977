-- The batch's events between two places, payload straight from landing: the only time it is written.
with written as (
    insert into warehouse.stored_event (
        team_id,
        distinct_id,
        uuid,
        event,
        "timestamp",
        person_id,
        person_mode,
        properties,
        elements_chain,
        has_property_operations,
        is_lifted,
        ip,
        sent_at,
        received_at,
        batch_id,
        xid,
        landing_id,
        row_hash
    )
    select
        m.team_id,
        m.distinct_id,
        m.uuid,
        m.event,
        m."timestamp",
        m.person_id,
        m.person_mode,
        m.properties,
        m.elements_chain,
        m.has_property_operations,
        m.is_lifted,
        m.ip,
        m.sent_at,
        m.received_at,
        %(batch_id)s::bigint as batch_id,
        m.xid,
        m.landing_id,
        ops.stored_event_hash(
            m.team_id, m.uuid, m.distinct_id, m.event, m."timestamp", m.person_mode, m.elements_chain,
            m.has_property_operations, m.is_lifted, m.ip, m.sent_at, m.received_at, %(batch_id)s::bigint, m.xid,
            m.landing_id, coalesce(m.payload_hash, jsonb_hash_extended(m.properties, 0))
        ) as row_hash
    from (
        select
            e.team_id,
            e.distinct_id,
            e.uuid,
            e.event,
            e."timestamp",
            coalesce(d.person_id, d.personless_person_id) as person_id,
            e.person_mode,
            case
                when e.is_rewritten
                    then ops.stored_properties(coalesce(l.unpacked, '{}'), e.is_personless, p.anonymize_ips)
                else coalesce(l.properties, '{}')
            end as properties,
            case
                when e.is_rewritten then (select c.chain from ops.elements_chain(l.unpacked) as c)
            end as elements_chain,
            e.has_property_operations and not e.is_personless as has_property_operations,
            e.lift_shape <> 0 and not e.is_personless as is_lifted,
            case
                when not p.anonymize_ips and (l.unpacked -> '$cookieless_mode' = 'true') is not true then l.ip
            end as ip,
            l.sent_at,
            e.received_at,
            e.xid,
            e.landing_id,
            -- Known already where the payload is stored as it landed.
            case when not e.is_rewritten then e.payload_hash end as payload_hash
        from staging.accepted_event as e
        inner join staging.distinct_id as d on e.team_id = d.team_id and e.distinct_id = d.distinct_id
        inner join landing.project as p on e.team_id = p.team_id
        cross join
            lateral (
                select
                    l.properties,
                    -- Unpacked once where it is rewritten: else each of its readers unpacks a long payload anew.
                    case when e.is_rewritten then l.properties #> '{}' end as unpacked,
                    l.ip,
                    l.sent_at
                from landing.event as l
                where l.xid = e.xid and l.landing_id = e.landing_id and l.received_at = e.received_at
                -- One look-up a row by primary key: the planner's guess about rows that landed just now is no basis for
                -- a join.
                offset 0
            ) as l
        where
            e.ordinal > %(after_ordinal)s::bigint and e.ordinal <= %(upto_ordinal)s::bigint
            and (d.person_id is not null or e.is_personless)
        -- What is made from the payload is made once.
        offset 0
    ) as m
    returning
        row_hash,
        -- Only where somebody asks for it.
        case
            when exists (select s.step_id from warehouse.action_step as s where s.has_elements) then elements_chain
        end as chain
),

chains as (
    insert into staging.elements_chain (chain_hash, chain)
    select distinct
        hashtextextended(w.chain collate "C", 0) as chain_hash,
        w.chain
    from written as w
    where w.chain is not null
)

select
    count(*) as events,
    coalesce(bit_xor(row_hash), 0) as digest
from written;
