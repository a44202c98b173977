-- The warnings: that there was one stays, not what it shows of the event, or of another one that names one of the ids.
with former as materialized (
    select
        r.landing_id,
        r.kind = 'naming' as is_naming,
        r.distinct_id,
        w.type,
        w.batch_id,
        hash_record_extended(w, 0) as hash
    from staging.erased_event as r
    inner join ops.warning as w on r.landing_id = w.landing_id
),

written as (
    update ops.warning as w
    set
        distinct_id = case when f.is_naming then w.distinct_id else f.distinct_id end,
        details = '{}'
    from former as f
    where w.landing_id = f.landing_id and w.type = f.type
    returning
        w.landing_id,
        w.type,
        hash_record_extended(w, 0) as hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    f.batch_id,
    'warnings' as name,
    count(*) filter (where not f.is_naming) as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id and f.type = w.type
group by f.batch_id;
