-- True and a fresh partition, or false where the day has one already. Rows of the day that went to the default
-- partition are moved. What identifies a row to a replica is as in the parent. ATTACH rather than PARTITION OF: it does
-- not lock out the parent's readers and writers.
create or replace function ops.ensure_day_partition(schema_name text, table_name text, key_column text, day date)
returns boolean
language plpgsql
as $$
declare
    partition_name text := format('%s_%s', table_name, to_char(day, 'YYYYMMDD'));
    default_name text := format('%s_default', table_name);
    server_name text := ops.event_server(day);
begin
    if to_regclass(format('%I.%I', schema_name, partition_name)) is not null then
        return false;
    end if;
    if (schema_name, table_name) = ('warehouse', 'stored_event') and server_name is not null then
        perform ops.make_day_elsewhere(server_name, partition_name, day);
    else
        execute format(
            'create table %I.%I (like %I.%I including defaults including constraints)',
            schema_name, partition_name, schema_name, table_name
        );
        if exists (
            select from pg_class as c
            where c.oid = format('%I.%I', schema_name, table_name)::regclass and c.relreplident = 'f'
        ) then
            execute format('alter table %I.%I replica identity full', schema_name, partition_name);
        end if;
    end if;
    execute format('lock table %I.%I in access exclusive mode', schema_name, default_name);
    execute format(
        'insert into %I.%I select * from %I.%I where %I >= $1 and %I < $2',
        schema_name, partition_name, schema_name, default_name, key_column, key_column
    ) using day::timestamptz, (day + 1)::timestamptz;
    execute format(
        'delete from %I.%I where %I >= $1 and %I < $2',
        schema_name, default_name, key_column, key_column
    ) using day::timestamptz, (day + 1)::timestamptz;
    execute format(
        'alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
        schema_name, table_name, schema_name, partition_name, day::timestamptz, (day + 1)::timestamptz
    );
    return true;
end;
$$;
