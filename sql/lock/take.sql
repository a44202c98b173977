-- Take the cycle lock without waiting. It belongs to the session, so a killed process frees it.
select pg_try_advisory_lock(%(key)s::bigint) as is_taken;
