-- The batch's rows that are set apart: accounted for and in quarantine, but nothing of them is read, only hashed.
with chosen as materialized (
    select
        a.*,
        b.arrival_clock
    from ops.set_apart as a
    inner join ops.batch as b on a.batch_id = b.batch_id
    where
        a.batch_id = %(batch_id)s::bigint
        and a.held is null
        and (a.xid, a.landing_id) > (b.lower_xid, b.lower_landing_id)
        and (a.xid, a.landing_id) <= (b.upper_xid, b.upper_landing_id)
),

refused as (
    insert into staging.excluded (landing_id, kind, reasons)
    select
        c.landing_id,
        'quarantined' as kind,
        jsonb_build_array(c.reason) as reasons
    from chosen as c
)

insert into staging.event (
    ordinal,
    xid,
    landing_id,
    received_at,
    arrived_at,
    "timestamp",
    is_immediate,
    is_identify,
    is_merging,
    is_personless,
    is_personless_by_default,
    is_captured,
    may_upgrade,
    person_mode,
    has_property_operations,
    lift_shape,
    is_rewritten,
    has_invalid_property_operations,
    is_team_known,
    uuid_status,
    timestamp_status,
    sent_at_status,
    properties_type,
    properties_bytes,
    other_id_status,
    personless_status,
    payload_hash,
    landing_hash
)
select
    0 as ordinal,
    c.xid,
    c.landing_id,
    c.received_at,
    c.arrival_clock as arrived_at,
    c.received_at as "timestamp",
    false as is_immediate,
    false as is_identify,
    false as is_merging,
    false as is_personless,
    false as is_personless_by_default,
    false as is_captured,
    false as may_upgrade,
    'full' as person_mode,
    false as has_property_operations,
    0 as lift_shape,
    false as is_rewritten,
    false as has_invalid_property_operations,
    true as is_team_known,
    'given' as uuid_status,
    'read' as timestamp_status,
    'missing' as sent_at_status,
    'object' as properties_type,
    0 as properties_bytes,
    'absent' as other_id_status,
    'absent' as personless_status,
    h.payload_hash,
    ops.landing_hash(
        l.xid, l.landing_id, l.received_at, l.team_id, l.uuid, l.event, l.distinct_id, l."timestamp", l.sent_at, l.ip,
        l.is_personless, l.is_operator, l.is_captured, h.payload_hash
    ) as landing_hash
from chosen as c
inner join landing.event as l on c.xid = l.xid and c.landing_id = l.landing_id and c.received_at = l.received_at
cross join lateral (select jsonb_hash_extended(l.properties, 0) as payload_hash) as h;
