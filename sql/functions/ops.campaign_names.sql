-- The keys of a campaign that events lift to their person: CAMPAIGN of etl/rules/lifted.py, in its order.
create or replace function ops.campaign_names()
returns text[]
language sql
immutable
as $$
select array[
    'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_name', 'utm_term', 'gclid', 'gad_source', 'gclsrc',
    'dclid', 'gbraid', 'wbraid', 'fbclid', 'msclkid', 'twclid', 'li_fat_id', 'mc_cid', 'igshid', 'ttclid', 'rdt_cid',
    'irclid', '_kx', 'epik', 'qclid', 'sccid'
]
$$;
