-- The chains of elements of the batch that no batch had before.
select distinct on (n.chain_hash) n.chain
from staging.elements_chain as n
where not exists (select from warehouse.matched_chain as c where c.chain_hash = n.chain_hash)
order by n.chain_hash;
