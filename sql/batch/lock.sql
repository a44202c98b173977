-- Lock a batch's row until the transaction ends: one run at a time works on it.
select batch_id
from ops.batch
where batch_id = %(batch_id)s::bigint
for update;
