-- When a batch was opened and loaded.
select
    batch_id,
    status,
    opened_at,
    loaded_at,
    as_of
from ops.batch
where batch_id = %(batch_id)s::bigint;
