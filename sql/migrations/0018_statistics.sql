-- The planner's statistics of tables that are filled and emptied with every batch.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Autovacuum looks at a moment of its own: it finds a table empty that a step fills in one transaction, and from then
-- on the planner expects one row and joins by reading the other table once for each row there is. Statistics of staging
-- are what a step takes of what it has just written; a table without any is judged by its size.
do $$
declare
    name regclass;
begin
    for name in
        select c.oid
        from pg_class as c
        where c.relnamespace = 'staging'::regnamespace and c.relkind = 'r'
    loop
        execute format('alter table %s set (autovacuum_enabled = false)', name);
        -- Forgets what autovacuum has seen until now, too. The next run stages an open batch again.
        execute format('truncate %s', name);
    end loop;
end;
$$;
