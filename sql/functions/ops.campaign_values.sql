-- What an event says of its campaign: the values of ops.campaign_names, as JSON.
create or replace function ops.campaign_values(properties jsonb)
returns text[]
language sql
immutable
as $$
select array[
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
