-- The bit of a lift shape that says: what the event lifts is set, rather than only filled in where the person has none.
-- It comes after a bit for each app and device key.
create or replace function ops.lift_is_set()
returns bigint
language sql
immutable
as $$ select 1::bigint << 18 $$;
