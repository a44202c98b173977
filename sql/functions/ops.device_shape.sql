-- Which app and device keys an event lifts: a bit for each of ops.device_names, in its order. Those of the app are set,
-- those of the device only filled in.
create or replace function ops.device_shape(device ops.device_keys)
returns bigint
language sql
immutable
as $$
select
    case when (device)."$app_build" is not null then 1 else 0 end
    | case when (device)."$app_name" is not null then 2 else 0 end
    | case when (device)."$app_namespace" is not null then 4 else 0 end
    | case when (device)."$app_version" is not null then 8 else 0 end
    | case when (device)."$browser" is not null then 16 else 0 end
    | case when (device)."$browser_version" is not null then 32 else 0 end
    | case when (device)."$device_type" is not null then 64 else 0 end
    | case when (device)."$current_url" is not null then 128 else 0 end
    | case when (device)."$pathname" is not null then 256 else 0 end
    | case
        when
            coalesce((device)."$os", (device)."$os_name") is not null
            and coalesce((device)."$is_server", 'false') <> 'true' then 512
        else 0
    end
    | case
        when (device)."$os_version" is not null and coalesce((device)."$is_server", 'false') <> 'true' then 1024
        else 0
    end
    | case when (device)."$referring_domain" is not null then 2048 else 0 end
    | case when (device)."$referrer" is not null then 4096 else 0 end
    | case when (device)."$screen_height" is not null then 8192 else 0 end
    | case when (device)."$screen_width" is not null then 16384 else 0 end
    | case when (device)."$viewport_height" is not null then 32768 else 0 end
    | case when (device)."$viewport_width" is not null then 65536 else 0 end
    | case when (device)."$raw_user_agent" is not null then 131072 else 0 end
    | case
        when coalesce((device)."$app_build", (device)."$app_name", (device)."$app_namespace", (device)."$app_version") is not null
            then ops.lift_is_set()
        else 0
    end
$$;
