-- A batch's row, all of it: see Batch in etl/cycle/batch.py.
select *
from ops.batch
where batch_id = %(batch_id)s::bigint;
