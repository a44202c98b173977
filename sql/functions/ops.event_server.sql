-- The other server that keeps the events of a new day: those named events_... take days in turn. Null without one.
create or replace function ops.event_server(day date)
returns text
language sql
stable
as $$
select s.srvname::text
from (
    select
        f.srvname,
        row_number() over (order by f.srvname) - 1 as turn,
        count(*) over () as servers
    from pg_foreign_server as f
    where f.srvname like 'events\_%'
) as s
where mod(day - date '0001-01-01', s.servers) = s.turn
$$;
