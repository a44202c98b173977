-- One migrator at a time; the others wait and then find nothing to do. Nobody else can take this lock.
lock table public.etl_migration in share row exclusive mode;
