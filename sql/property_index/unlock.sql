-- The next process may make indexes.
select pg_advisory_unlock(hashtext('ops.property_index'));
