-- Give the cycle lock back.
select pg_advisory_unlock(key) as is_released
from ops.cycle_lock
where pid = pg_backend_pid();
