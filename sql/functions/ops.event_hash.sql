-- The hash of one event's keys, the same whether it is computed from staging, the buffer or the warehouse.
create or replace function ops.event_hash(
    landing_id bigint, uuid uuid, distinct_id text, event text, event_at timestamptz
)
returns bigint
language sql
immutable
parallel safe
as $$
select
    hashint8extended($1, 0)
    # hashint8extended($1, coalesce(uuid_hash_extended($2, 1), 1))
    # hashint8extended($1, coalesce(hashtextextended($3 collate "C", 2), 2))
    # hashint8extended($1, coalesce(hashtextextended($4 collate "C", 3), 3))
    # hashint8extended($1, timestamp_hash_extended($5 at time zone 'UTC', 4))
$$;
