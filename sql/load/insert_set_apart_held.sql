-- Held events that were set apart: released by this batch, into quarantine.
with chosen as materialized (
    select
        a.*,
        jsonb_populate_record(null::buffer.event, a.held) as h
    from ops.set_apart as a
    where a.batch_id = %(batch_id)s::bigint and a.held is not null
),

released as (
    insert into buffer.released_event (
        team_id,
        distinct_id,
        uuid,
        landing_id,
        arrived_at,
        due_at,
        released_at,
        held_by_batch_id,
        released_by_batch_id,
        is_rescued,
        released_by_uuid
    )
    select
        (c.h).team_id,
        (c.h).distinct_id,
        (c.h).uuid,
        c.landing_id,
        (c.h).arrived_at,
        (c.h).due_at,
        %(as_of)s::timestamptz as released_at,
        (c.h).held_by_batch_id,
        %(batch_id)s::bigint as released_by_batch_id,
        false as is_rescued,
        (c.h).uuid as released_by_uuid
    from chosen as c
)

insert into quarantine.event (
    landing_id,
    batch_id,
    xid,
    received_at,
    team_id,
    uuid,
    event,
    distinct_id,
    "timestamp",
    sent_at,
    ip,
    properties,
    reasons
)
select
    l.landing_id,
    %(batch_id)s::bigint as batch_id,
    l.xid,
    l.received_at,
    l.team_id,
    l.uuid,
    l.event,
    l.distinct_id,
    l."timestamp",
    l.sent_at,
    l.ip,
    l.properties,
    jsonb_build_array(c.reason) as reasons
from chosen as c
inner join landing.event as l on c.xid = l.xid and c.landing_id = l.landing_id and c.received_at = l.received_at;
