-- Give the cycle lock back.
select pg_advisory_unlock(%(key)s::bigint) as is_released;
