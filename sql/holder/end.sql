-- End a session, if it is still in the same transaction.
select pg_terminate_backend(a.pid) as is_ended
from pg_stat_activity as a
where a.pid = %(pid)s::integer and a.xact_start = %(started_at)s::timestamptz;
