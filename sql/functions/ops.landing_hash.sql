-- The hash of a landing row, the same whether it is computed by stage or by the audit. payload_hash: of its properties,
-- jsonb_hash_extended(properties, 0).
create or replace function ops.landing_hash(
    xid xid8,
    landing_id bigint,
    received_at timestamptz,
    team_id bigint,
    uuid text,
    event text,
    distinct_id text,
    "timestamp" text,
    sent_at text,
    ip text,
    is_personless boolean,
    is_operator boolean,
    is_captured boolean,
    payload_hash bigint
)
returns bigint
language sql
immutable
parallel safe
as $$ select hash_record_extended(row($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14), 0) $$;
