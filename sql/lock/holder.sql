-- Who holds the cycle lock.
select
    l.pid,
    a.application_name
from pg_locks as l
left join pg_stat_activity as a on l.pid = a.pid
where
    l.locktype = 'advisory'
    and l.granted
    and l.objsubid = 1
    and l.database = (select d.oid from pg_database as d where d.datname = current_database())
    and ((l.classid::bigint << 32) | l.objid::bigint) = %(key)s::bigint;
