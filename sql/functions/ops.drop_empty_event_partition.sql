-- Drop a day of the loaded events of which nothing is left; false where something is. Of a day that is on another
-- server the empty table stays there.
create or replace function ops.drop_empty_event_partition(partition_name text)
returns boolean
language plpgsql
as $$
declare
    has_events boolean;
begin
    execute format('select exists (select from warehouse.%I)', partition_name) into has_events;
    if not has_events then
        perform set_config('lock_timeout', '5s', true);
        -- In the order in which readers lock, so that no reader is the victim of a deadlock.
        lock table only warehouse.stored_event in access exclusive mode;
        execute format('select exists (select from warehouse.%I)', partition_name) into has_events;
    end if;
    if not has_events then
        execute format(
            'drop %s warehouse.%I',
            (
                select case c.relkind when 'f' then 'foreign table' else 'table' end
                from pg_class as c
                where c.oid = format('warehouse.%I', partition_name)::regclass
            ),
            partition_name
        );
    end if;
    return not has_events;
end;
$$;
