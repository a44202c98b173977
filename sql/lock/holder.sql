-- Who holds the cycle lock.
select
    pid,
    role,
    application_name
from ops.cycle_lock_holder;
