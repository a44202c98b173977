-- Who sent an event: the library, else what it says of its source, else nobody knows.
create or replace function ops.event_source(properties jsonb)
returns text
language sql
immutable
as $$
select left(coalesce(nullif(properties ->> '$lib', ''), nullif(properties ->> 'source', ''), 'unknown'), 60)
$$;
