-- Enter the ledger and close the batch.
update ops.batch
set
    status = 'loaded',
    loaded_at = clock_timestamp(),
    released = %(released)s,
    loaded = %(loaded)s,
    held = %(held)s,
    duplicate = %(duplicate)s,
    quarantined = %(quarantined)s,
    rescued = %(rescued)s,
    persons_created = %(persons_created)s,
    persons_merged = %(persons_merged)s
where batch_id = %(batch_id)s::bigint;
