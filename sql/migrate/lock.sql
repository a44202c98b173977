-- One migrator at a time; the others wait and then find nothing to do.
select pg_advisory_xact_lock(7310245882);
