-- Drop the landing of a day whose events are loaded and past retention, and note that it is gone.
create or replace function ops.drop_landing_partition(partition_name text)
returns void
language plpgsql
as $$
begin
    perform set_config('lock_timeout', '5s', true);
    execute format('drop table landing.%I', partition_name);
    insert into ops.dropped_landing (day, dropped_at)
    values (to_date(right(partition_name, 8), 'YYYYMMDD'), clock_timestamp())
    on conflict (day) do nothing;
end;
$$;
