-- What an event sets once: the first of what it lifts, and its own $set_once over that.
create or replace function ops.event_set_once(properties jsonb)
returns jsonb
language sql
immutable
as $$
select
    coalesce(
        (
            select jsonb_object_agg('$initial_' || ltrim(v.name, '$'), v.value::jsonb)
            from unnest(
                array[
                    '$app_build', '$app_name', '$app_namespace', '$app_version', '$browser', '$browser_version',
                    '$device_type', '$current_url', '$pathname', '$os', '$os_version', '$referring_domain',
                    '$referrer', '$screen_height', '$screen_width', '$viewport_height', '$viewport_width',
                    '$raw_user_agent', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_name',
                    'utm_term', 'gclid', 'gad_source', 'gclsrc', 'dclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid',
                    'twclid', 'li_fat_id', 'mc_cid', 'igshid', 'ttclid', 'rdt_cid', 'irclid', '_kx', 'epik', 'qclid',
                    'sccid'
                ],
                ops.lifted_values(properties)
            ) as v (name, value)
            where v.value <> 'null'
        ),
        '{}'
    )
    || coalesce(
        (
            select jsonb_object_agg(o.key, o.value)
            from jsonb_each(
                case when jsonb_typeof(properties -> '$set_once') = 'object' then properties -> '$set_once' else '{}' end
            ) as o
            where o.value <> 'null'
        ),
        '{}'
    )
$$;
