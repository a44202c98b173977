-- Rows that the batches loaded that day have refused.
select coalesce(sum(quarantined), 0)::bigint as quarantined
from ops.batch
where
    status = 'loaded'
    and loaded_at >= %(day)s::date::timestamp at time zone 'UTC'
    and loaded_at < (%(day)s::date + 1)::timestamp at time zone 'UTC';
