-- Batches whose ledger does not balance; none, ever.
select batch_id
from ops.batch
where status = 'loaded' and landed + released is distinct from loaded + held + duplicate + quarantined
order by batch_id
limit 20;
