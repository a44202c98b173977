-- The share of rows that the batches of the last hour refused.
select
    coalesce(sum(landed), 0)::bigint as landed,
    coalesce(sum(quarantined), 0)::bigint as quarantined
from ops.batch
where status = 'loaded' and loaded_at > clock_timestamp() - interval '1 hour';
