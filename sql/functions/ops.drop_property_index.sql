-- Drops the index of a property on all days, also what an interrupted run has left; false where there is none. Readers
-- wait for it behind whoever reads events just now, so not for long.
create or replace function ops.drop_property_index(of_property text, of_event text)
returns boolean
language plpgsql
set lock_timeout = '1s'
as $$
declare
    old_name text;
    left_name text;
begin
    delete from ops.property_index as p
    where p.property = of_property and p.event is not distinct from of_event
    returning p.index_name into old_name;
    if not found then
        return false;
    end if;
    execute format('drop index warehouse.%I', old_name);
    for left_name in
        select c.relname
        from pg_class as c
        where
            c.relnamespace = 'warehouse'::regnamespace
            and c.relkind = 'i'
            and right(c.relname, length(old_name) + 1) = '_' || old_name
    loop
        execute format('drop index warehouse.%I', left_name);
    end loop;
    return true;
end;
$$;
