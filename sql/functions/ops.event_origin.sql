-- Which side sent an event, by its library: frontend or backend, else null.
create or replace function ops.event_origin(properties jsonb)
returns text
language sql
immutable
as $$
select case
    when properties ->> '$lib' = any(array['web', 'js'] || ops.mobile_libraries()) then 'frontend'
    when properties ->> '$lib' like 'posthog-%' or properties ->> 'source' = 'backend' then 'backend'
end
$$;
