-- Whether the plan is still this run's; if so it stays so until the transaction ends.
select batch_id
from staging.progress
where claim = %(claim)s::bigint
for share;
