-- What an event lifts of app and device, by key: ops.lifted for those that name no campaign, from one unpacking of the
-- payload. Nulls inside a nested value are lost.
create or replace function ops.device_lifted(device ops.device_keys)
returns jsonb
language sql
stable
as $$
select jsonb_strip_nulls(
    case
        when (device)."$is_server" = 'true' then to_jsonb(device) - array['$os', '$os_version', '$os_name', '$is_server']
        when (device)."$os" is null
            then to_jsonb(device) - array['$os_name', '$is_server'] || jsonb_build_object('$os', (device)."$os_name")
        else to_jsonb(device) - array['$os_name', '$is_server']
    end
)
$$;
