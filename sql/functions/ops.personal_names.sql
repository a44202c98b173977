-- What a personless event may not say of a person or a group: its payload is stored without these.
create or replace function ops.personal_names()
returns text[]
language sql
immutable
as $$
select array['$set', '$set_once', '$unset', '$groups', '$group_0', '$group_1', '$group_2', '$group_3', '$group_4']
$$;
