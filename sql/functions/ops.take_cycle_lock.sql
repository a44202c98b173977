-- Let this session run steps, unless another one may: then false. An advisory lock ends with its session, however that
-- ends, but any login may take any key. So each run makes a key of its own, which nobody can have taken before it, and
-- only who may write the row of ops.cycle_lock can say which session and which key count.
create or replace function ops.take_cycle_lock()
returns boolean
language plpgsql
as $$
declare
    made_key bigint := hashtextextended(gen_random_uuid()::text, 0);
begin
    -- Two that come at once go one after the other, and the second one sees what the first one wrote.
    perform from ops.cycle_lock for update;
    if exists (select from ops.cycle_lock_holder) then
        return false;
    end if;
    perform pg_advisory_lock(made_key);
    update ops.cycle_lock
    set
        pid = pg_backend_pid(),
        key = made_key
    where ops.cycle_lock.is_only;
    return true;
end;
$$;
