-- The bounds of a batch and how far it is.
select *
from ops.batch
where batch_id = %(batch_id)s::bigint
for update;
