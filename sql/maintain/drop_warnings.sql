-- Drop warnings after retention.
with gone as (
    delete from ops.warning as w
    using ops.batch as b
    where
        w.batch_id = b.batch_id
        and b.loaded_at < %(now)s::timestamptz - make_interval(days => %(retention_days)s::integer)
    returning
        w.batch_id,
        hash_record_extended(w, 0) as hash
),

amended as (
    insert into ops.amendment (batch_id, cause, digests)
    select
        g.batch_id,
        'retention' as cause,
        jsonb_build_object('warnings', bit_xor(g.hash)) as digests
    from gone as g
    group by g.batch_id
    order by g.batch_id
)

select count(*) as dropped
from gone;
