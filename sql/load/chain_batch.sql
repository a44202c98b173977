-- The batch's record is complete: hash it together with the hash of the batch before.
update ops.batch
set
    previous_hash = r.previous_hash,
    hash = encode(sha256(convert_to(concat(r.previous_hash, '|', r.record), 'UTF8')), 'hex')
from (
    select
        b.batch_id,
        ops.batch_text(b) as record,
        coalesce((
            select p.hash
            from ops.batch as p
            where p.batch_id < b.batch_id
            order by p.batch_id desc
            limit 1
        ), '') as previous_hash
    from ops.batch as b
    where b.batch_id = %(batch_id)s::bigint
) as r
where ops.batch.batch_id = r.batch_id;
