-- The distinct id of a visitor without cookies: a hash of the day's salt, the project, and the visitor's user agent, ip
-- and host (cookieless-manager.ts).
create or replace function ops.cookieless_distinct_id(salt uuid, team_id bigint, traits text[])
returns text
language sql
stable
as $$
select 'cookieless_' || encode(
    substr(sha256(convert_to(array_to_string(array[salt::text, team_id::text] || traits, chr(31), ''), 'UTF8')), 1, 16),
    'hex'
)
$$;
