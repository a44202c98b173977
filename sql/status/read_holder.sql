-- The oldest transaction in flight: nothing that lands after it began writing is read before it ends.
select
    a.pid,
    a.usename as role,
    a.application_name,
    a.state,
    a.xact_start as started_at,
    extract(epoch from clock_timestamp() - a.xact_start)::double precision as age_seconds
from pg_stat_activity as a
where a.backend_xid is not null and a.pid <> pg_backend_pid()
union all
select
    null as pid,
    p.owner as role,
    'prepared transaction ' || p.gid as application_name,
    'prepared' as state,
    p.prepared as started_at,
    extract(epoch from clock_timestamp() - p.prepared)::double precision as age_seconds
from pg_prepared_xacts as p
order by started_at
limit 1;
