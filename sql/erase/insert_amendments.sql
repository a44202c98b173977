-- By what the digests of batches change. Of the batch itself the others are made from what is there by its end.
insert into ops.amendment (batch_id, cause, digests)
select
    a.batch_id,
    'erasure' as cause,
    jsonb_object_agg(a.name, a.digest) as digests
from staging.amendment as a
where a.name in ('landing', 'loaded', 'events') or a.batch_id <> %(batch_id)s::bigint
group by a.batch_id
order by a.batch_id;
