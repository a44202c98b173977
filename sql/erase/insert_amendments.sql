-- By what the digests of batches change. Of the batch itself the others are made from what is there by its end.
insert into ops.amendment (batch_id, cause, digests)
select
    a.batch_id,
    'erasure' as cause,
    jsonb_object_agg(a.name, a.digest) as digests
from (
    select
        m.batch_id,
        m.name,
        bit_xor(m.digest) as digest
    from staging.amendment as m
    where m.name in ('landing', 'loaded', 'events') or m.batch_id <> %(batch_id)s::bigint
    group by m.batch_id, m.name
) as a
group by a.batch_id
order by a.batch_id;
