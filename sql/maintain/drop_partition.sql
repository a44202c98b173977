-- Drop one partition of landing. The lock on its parent is waited for only briefly: writers go first.
select ops.drop_landing_partition(%(partition_name)s::text);
