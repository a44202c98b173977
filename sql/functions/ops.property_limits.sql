-- The bounds of what a person or a group holds: those of etl/rules/property_state.py. One row for `from`.
create or replace function ops.property_limits()
returns table (
    value_bytes integer, kept_bytes integer, step_bytes integer, lifted_bytes integer, lifted_characters integer
)
language sql
immutable
as $$ select 32 * 1024, 512 * 1024, 128, 8 * 1024, 2000 $$;
