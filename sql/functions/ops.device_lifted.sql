-- What an event lifts of app and device, by key: as ops.lifted for one that names no campaign, but from one unpacking
-- of the payload. Nulls inside a nested value are lost.
create or replace function ops.device_lifted(device ops.device_keys)
returns jsonb
language sql
stable
as $$
select case
    -- Nearly always.
    when (device)."$os_name" is null and (device)."$is_server" is null then jsonb_strip_nulls(to_jsonb(device))
    when (device)."$is_server" = 'true'
        then jsonb_strip_nulls(to_jsonb(device) - array['$os', '$os_version', '$os_name', '$is_server'])
    else
        jsonb_strip_nulls(
            to_jsonb(device) - array['$os_name', '$is_server']
            || jsonb_build_object('$os', coalesce((device)."$os", (device)."$os_name"))
        )
end
$$;
