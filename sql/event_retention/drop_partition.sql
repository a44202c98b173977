-- Drop the partition of a day if nothing is in it. The lock on its parent is waited for only briefly: readers go first.
select ops.drop_empty_event_partition(%(partition_name)s::text) as is_dropped;
