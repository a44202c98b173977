-- Events that are never held whoever they are of: session recordings, and those of mobile SDKs (1-emitToBufferStep.ts).
create or replace function ops.is_exempt_from_hold(event text, properties jsonb)
returns boolean
language sql
immutable
as $$ select coalesce(event = '$snapshot' or properties ->> '$lib' = any(ops.mobile_libraries()), false) $$;
