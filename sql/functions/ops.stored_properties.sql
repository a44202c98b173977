-- The payload as it is stored, for the few events where that is not as it landed. Elements go to a column of their own;
-- a personless event says nothing of a person or a group; an ip is kept only where the project says so. All names are
-- taken out at once, because each time copies the payload.
create or replace function ops.stored_properties(properties jsonb, is_personless boolean, is_ip_dropped boolean)
returns jsonb
language sql
immutable
as $$
select
    properties - (
        array['$elements', '$elements_chain']
        || case when is_personless then ops.personal_names() else array[]::text[] end
        || case
            when properties -> '$cookieless_mode' = 'true' then array['$ip', '$raw_user_agent']
            when is_ip_dropped then array['$ip']
            else array[]::text[]
        end
    )
$$;
