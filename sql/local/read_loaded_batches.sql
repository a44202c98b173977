-- The ledger of the batches loaded after a given one, for the line a cycle of `etl up`.
select
    batch_id,
    landed,
    released,
    loaded,
    held,
    rescued,
    duplicate,
    quarantined,
    persons_created,
    persons_merged,
    loaded_at,
    extract(epoch from loaded_at - opened_at)::float as seconds
from ops.batch
where status = 'loaded' and batch_id > %(after)s
order by batch_id;
