-- All keys that events lift to their person: LIFTED of etl/rules/lifted.py, in its order.
create or replace function ops.lifted_names()
returns text[]
language sql
immutable
as $$ select ops.device_names() || ops.campaign_names() $$;
