-- What there is of each batch besides its events.
select
    r.name,
    r.batch_id,
    count(*) as found,
    bit_xor(r.hash) as digest
from ops.batch_row as r
where r.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
group by r.name, r.batch_id;
