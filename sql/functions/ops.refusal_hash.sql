-- The hash of a quarantined row as it was refused; what people decide of it later is no part of it. That of a row which
-- is neither personless nor an operator's is as before there were these columns: batches have it in their digests.
create or replace function ops.refusal_hash(refused quarantine.event)
returns bigint
language sql
immutable
parallel safe
as $$
select ops.xor(
    hash_record_extended(
        row(
            refused.landing_id, refused.batch_id, refused.xid, refused.received_at, refused.team_id, refused.uuid,
            refused.event, refused.distinct_id, refused."timestamp", refused.sent_at, refused.ip, refused.properties,
            refused.is_captured, refused.reasons
        ), 0
    ),
    case
        when refused.is_personless or refused.is_operator
            then hash_record_extended(row(refused.landing_id, refused.is_personless, refused.is_operator), 0)
    end
)
$$;
