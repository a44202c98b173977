-- One process at a time makes indexes; the lock ends with its session.
select pg_try_advisory_lock(hashtext('ops.property_index')) as is_taken;
