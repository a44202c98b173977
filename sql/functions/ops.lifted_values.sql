-- What an event lifts to its person: the values of ops.lifted_names, as JSON. $os_name stands in for $os, and a server
-- says nothing of its user's system.
create or replace function ops.lifted_values(properties jsonb)
returns text[]
language sql
immutable
as $$
select
    array[
        (properties -> '$app_build')::text,
        (properties -> '$app_name')::text,
        (properties -> '$app_namespace')::text,
        (properties -> '$app_version')::text,
        (properties -> '$browser')::text,
        (properties -> '$browser_version')::text,
        (properties -> '$device_type')::text,
        (properties -> '$current_url')::text,
        (properties -> '$pathname')::text,
        (case
            when properties -> '$is_server' is distinct from 'true'
                then coalesce(nullif(properties -> '$os', 'null'), properties -> '$os_name')
        end)::text,
        (case when properties -> '$is_server' is distinct from 'true' then properties -> '$os_version' end)::text,
        (properties -> '$referring_domain')::text,
        (properties -> '$referrer')::text,
        (properties -> '$screen_height')::text,
        (properties -> '$screen_width')::text,
        (properties -> '$viewport_height')::text,
        (properties -> '$viewport_width')::text,
        (properties -> '$raw_user_agent')::text
    ]
    || ops.campaign_values(properties)
$$;
