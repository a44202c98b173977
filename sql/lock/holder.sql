-- Who holds the cycle lock.
select
    pid,
    role,
    application_name,
    pid = pg_backend_pid() as is_this_session
from ops.cycle_lock_holder;
