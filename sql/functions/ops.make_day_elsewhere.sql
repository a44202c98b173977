-- A day's partition on another server, and the foreign table that stands for it here, not attached yet. The database
-- over there has this program's tables too, so that it makes a day as this one would.
create or replace function ops.make_day_elsewhere(server_name text, partition_name text, day date)
returns void
language plpgsql
as $$
begin
    -- First, because another session that has made the day meanwhile stops this one here. With the parent's columns and
    -- constraints: another one cannot be attached.
    execute (
        select
            format(
                'create foreign table warehouse.%I (%s) server %I options (schema_name ''warehouse'')',
                partition_name, string_agg(p.part, ', ' order by p.place), server_name
            )
        from (
            select
                a.attnum as place,
                format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                || case when a.attnotnull then ' not null' else '' end as part
            from pg_attribute as a
            where a.attrelid = 'warehouse.stored_event'::regclass and a.attnum > 0 and not a.attisdropped
            union all
            select
                10000 as place,
                format('constraint %I %s', c.conname, pg_get_constraintdef(c.oid)) as part
            from pg_constraint as c
            where c.conrelid = 'warehouse.stored_event'::regclass and c.contype = 'c'
        ) as p
    );
    begin
        -- On a connection of its own, which waits for locks as long as this one. The other server commits before this
        -- one, so what is there of a day that this one does not have was never committed here.
        perform public.dblink_exec(
            server_name,
            format(
                'set lock_timeout = %L; '
                'select ops.ensure_day_partition(''warehouse'', ''stored_event'', ''timestamp'', %L); '
                'delete from warehouse.%I',
                current_setting('lock_timeout'), day, partition_name
            )
        );
    exception
        when sqlclient_unable_to_establish_sqlconnection then
            raise sqlclient_unable_to_establish_sqlconnection
                using message = format('could not connect to server "%s"', server_name), detail = sqlerrm;
    end;
end;
$$;
