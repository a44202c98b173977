-- What an event lifts to its person (etl/rules/properties.py): its values, as JSON, in the order of LIFTED there.
-- $os_name stands in for $os, and a server says nothing of its user's system.
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
        (properties -> '$raw_user_agent')::text,
        (properties -> 'utm_source')::text,
        (properties -> 'utm_medium')::text,
        (properties -> 'utm_campaign')::text,
        (properties -> 'utm_content')::text,
        (properties -> 'utm_name')::text,
        (properties -> 'utm_term')::text,
        (properties -> 'gclid')::text,
        (properties -> 'gad_source')::text,
        (properties -> 'gclsrc')::text,
        (properties -> 'dclid')::text,
        (properties -> 'gbraid')::text,
        (properties -> 'wbraid')::text,
        (properties -> 'fbclid')::text,
        (properties -> 'msclkid')::text,
        (properties -> 'twclid')::text,
        (properties -> 'li_fat_id')::text,
        (properties -> 'mc_cid')::text,
        (properties -> 'igshid')::text,
        (properties -> 'ttclid')::text,
        (properties -> 'rdt_cid')::text,
        (properties -> 'irclid')::text,
        (properties -> '_kx')::text,
        (properties -> 'epik')::text,
        (properties -> 'qclid')::text,
        (properties -> 'sccid')::text
    ]
$$;
