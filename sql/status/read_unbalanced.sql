-- Batches whose ledger does not balance; none, ever.
select batch_id
from ops.batch
where not is_balanced
order by batch_id
limit 20;
