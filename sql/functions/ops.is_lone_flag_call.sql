-- A $feature_flag_called that asks for no person and names no group: personless where the project says so.
create or replace function ops.is_lone_flag_call(event text, properties jsonb)
returns boolean
language sql
immutable
as $$
select
    event = '$feature_flag_called'
    and coalesce(properties -> '$process_person_profile', 'null') <> 'true'
    and coalesce(properties -> '$groups', '{}') in ('{}', 'null')
$$;
