-- The uuid of a row that came without one, the same at every replay: the arrival's milliseconds, then a hash of its
-- position, in the form of a UUIDv7.
create or replace function ops.made_uuid(received_at timestamptz, xid xid8, landing_id bigint)
returns uuid
language sql
stable
as $$
select overlay(
    overlay(
        (
            lpad(to_hex((extract(epoch from received_at) * 1000)::bigint), 12, '0')
            || right(md5(xid::text || ':' || landing_id::text), 20)
        )
        placing '7' from 13 for 1
    ) placing '8' from 17 for 1
)::uuid
$$;
