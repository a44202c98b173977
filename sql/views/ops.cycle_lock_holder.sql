-- The session that holds the cycle lock; no row where nobody does.
create or replace view ops.cycle_lock_holder as
select
    c.pid,
    c.key,
    a.usename as role,
    a.application_name
from ops.cycle_lock as c
inner join pg_locks as l on c.pid = l.pid and c.key = (l.classid::bigint << 32) | l.objid::bigint
left join pg_stat_activity as a on c.pid = a.pid
where
    l.locktype = 'advisory'
    and l.granted
    and l.objsubid = 1
    and l.database = (select d.oid from pg_database as d where d.datname = current_database());

comment on view ops.cycle_lock_holder is 'The session that runs a step of the cycle just now; no row where none does';

grant select on ops.cycle_lock_holder to auditor;
