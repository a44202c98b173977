-- The hash of what a stored event must stay: all but its person, which splits and maintenance rewrite. The person
-- follows from the distinct id. payload_hash: of its properties as stored.
create or replace function ops.stored_event_hash(
    team_id bigint,
    uuid uuid,
    distinct_id text,
    event text,
    "timestamp" timestamptz,
    person_mode text,
    elements_chain text,
    has_property_operations boolean,
    is_lifted boolean,
    ip text,
    sent_at text,
    received_at timestamptz,
    batch_id bigint,
    xid xid8,
    landing_id bigint,
    payload_hash bigint
)
returns bigint
language sql
immutable
parallel safe
as $$ select hash_record_extended(row($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16), 0) $$;
