-- The hash of a row as it stands in landing.
create or replace function ops.landed_row_hash(landed landing.event)
returns bigint
language sql
immutable
parallel safe
as $$
select ops.landing_hash(
    landed.xid, landed.landing_id, landed.received_at, landed.team_id, landed.uuid, landed.event, landed.distinct_id,
    landed."timestamp", landed.sent_at, landed.ip, landed.is_personless, landed.is_operator, landed.is_captured,
    jsonb_hash_extended(landed.properties, 0)
)
$$;
