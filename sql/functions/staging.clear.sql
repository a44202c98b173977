-- Forget the plan of the batch before, or of a crashed run. To truncate gives a table and its indexes new files, so
-- empty tables are left alone and a few pages are deleted row by row; so is all of it while a dump holds its locks.
create or replace function staging.clear()
returns void
language plpgsql
set lock_timeout = '2s'
as $$
declare
    filled record;
    is_locked boolean := false;
begin
    for filled in
        select
            c.oid::regclass as name,
            pg_relation_size(c.oid) as bytes
        from pg_class as c
        where c.relnamespace = 'staging'::regnamespace and c.relkind = 'r' and pg_relation_size(c.oid) > 0
        order by c.oid
    loop
        begin
            if filled.bytes > 65536 and not is_locked then
                execute format('truncate %s', filled.name);
            else
                execute format('delete from %s', filled.name);
            end if;
        exception
            when lock_not_available then
                is_locked := true;
                execute format('delete from %s', filled.name);
        end;
    end loop;
end;
$$;
