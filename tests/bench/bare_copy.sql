insert into bare.event (
    team_id,
    distinct_id,
    uuid,
    event,
    "timestamp",
    person_id,
    person_mode,
    properties,
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
    team_id,
    coalesce(distinct_id, ''),
    uuid::uuid,
    coalesce(event, ''),
    "timestamp"::timestamptz,
    uuid::uuid as person_id,
    'full' as person_mode,
    properties,
    false as has_property_operations,
    false as is_lifted,
    ip,
    sent_at,
    received_at,
    1 as batch_id,
    xid,
    landing_id,
    0 as row_hash
from landing.event
where landing_id > %(after_landing_id)s;
