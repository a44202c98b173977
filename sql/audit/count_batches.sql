-- How many loaded batches there are between two.
select
    count(*) as batches,
    min(batch_id) as first_batch_id,
    max(batch_id) as last_batch_id
from ops.batch
where
    status = 'loaded'
    and batch_id >= %(from_batch)s::bigint
    and (%(to_batch)s::bigint is null or batch_id <= %(to_batch)s::bigint)
    and (%(from_day)s::date is null or loaded_at >= %(from_day)s::date)
    and (%(to_day)s::date is null or loaded_at < %(to_day)s::date + 1);
