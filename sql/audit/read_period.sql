-- The batches of a period: all that the ledger, the log or anything else names, where the period has no end.
select
    count(*) as batches,
    -- Without a first day it begins where it was told to, whether or not that batch is still in the ledger; told
    -- nothing, below all batches, because somebody may have written rows of batch -1.
    case
        when %(from_day)s::date is null and %(from_batch)s::bigint = 0 then (-9223372036854775808)::bigint
        when %(from_day)s::date is null then %(from_batch)s::bigint
        else coalesce(min(b.batch_id), 1)
    end as first_batch_id,
    case
        when %(to_batch)s::bigint is null and %(to_day)s::date is null then 9223372036854775807
        else coalesce(max(b.batch_id), 0)
    end as last_batch_id,
    min(b.batch_id) as oldest_batch_id,
    max(b.batch_id) as newest_batch_id
from ops.batch as b
where
    b.status = 'loaded'
    and b.batch_id >= %(from_batch)s::bigint
    and (%(to_batch)s::bigint is null or b.batch_id <= %(to_batch)s::bigint)
    and (%(from_day)s::date is null or b.loaded_at >= %(from_day)s::date)
    and (%(to_day)s::date is null or b.loaded_at < %(to_day)s::date + 1);
