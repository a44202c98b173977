-- Transactions that have been open for long and hold back what lands after them. Never one of a login that may run a
-- step: a load may take that long, too.
select
    a.pid,
    a.usename as role,
    a.application_name,
    a.datname as database,
    a.state,
    a.xact_start as started_at,
    extract(epoch from clock_timestamp() - a.xact_start)::double precision as age_seconds
from pg_stat_activity as a
where
    a.backend_xid is not null
    and a.backend_type = 'client backend'
    and a.xact_start < clock_timestamp() - make_interval(secs => %(seconds)s::double precision)
    and not has_table_privilege(a.usesysid, 'ops.cycle_lock', 'update')
order by a.xact_start;
