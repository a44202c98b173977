-- A text without its case: ASCII by itself first, because in some databases' locales I and i are two letters.
create or replace function ops.folded(value text)
returns text
language sql
immutable
parallel safe
as $$ select lower(lower(value collate "C") collate "default") $$;
