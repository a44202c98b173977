-- The app and device keys that events lift to their person: APP and DEVICE of etl/rules/lifted.py, in its order.
create or replace function ops.device_names()
returns text[]
language sql
immutable
as $$
select array[
    '$app_build', '$app_name', '$app_namespace', '$app_version',
    '$browser', '$browser_version', '$device_type', '$current_url', '$pathname', '$os', '$os_version',
    '$referring_domain', '$referrer', '$screen_height', '$screen_width', '$viewport_height', '$viewport_width',
    '$raw_user_agent'
]
$$;
