-- Take the cycle lock without waiting. It belongs to the session, so a killed process frees it.
select ops.take_cycle_lock() as is_taken;
