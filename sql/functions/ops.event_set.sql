-- What an event sets of its person: what it lifts, and its own $set over that.
create or replace function ops.event_set(properties jsonb)
returns jsonb
language sql
immutable
as $$
select l.lifted || case when jsonb_typeof(properties -> '$set') = 'object' then properties -> '$set' else '{}' end
from ops.lifted(properties) as l
$$;
