-- The table of what has been applied, by the file's path. It lives in its own schema, so that it is there before any of
-- ours.
create table if not exists public.etl_migration (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
);
