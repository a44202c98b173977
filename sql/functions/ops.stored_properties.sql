-- The payload as it is stored, for the few events where that is not as it landed. Elements go to a column of their own;
-- a personless event says nothing of a person or a group; an ip is kept only where the project says so.
create or replace function ops.stored_properties(properties jsonb, is_personless boolean, is_ip_dropped boolean)
returns jsonb
language sql
immutable
as $$
select
    properties
    - '$elements'
    - '$elements_chain'
    - case
        when is_personless
            then array[
                '$set', '$set_once', '$unset', '$groups', '$group_0', '$group_1', '$group_2', '$group_3', '$group_4'
            ]
        else array[]::text[]
    end
    - case
        when properties -> '$cookieless_mode' = 'true' then array['$ip', '$raw_user_agent']
        when is_ip_dropped then array['$ip']
        else array[]::text[]
    end
$$;
