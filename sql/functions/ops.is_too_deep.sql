-- Whether a value is nested deeper than 128 levels, as etl/rules/wire.py has it for clients: what walks over it would
-- overflow a stack. A small one cannot be, because a level takes at least 8 bytes.
create or replace function ops.is_too_deep(value jsonb)
returns boolean
language sql
stable
as $$ select coalesce(pg_column_size(value) > 1024 and jsonb_path_exists(value, '$.**{129}'), false) $$;
