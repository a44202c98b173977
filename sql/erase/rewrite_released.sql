-- What became of held events.
with former as materialized (
    select
        r.landing_id,
        r.released_by_batch_id as batch_id,
        hash_record_extended(r, 0) as hash
    from staging.erased_id as i
    inner join buffer.released_event as r on i.team_id = r.team_id and i.former_distinct_id = r.distinct_id
),

written as (
    update buffer.released_event as r
    set distinct_id = i.distinct_id
    from staging.erased_id as i
    where r.team_id = i.team_id and r.distinct_id = i.former_distinct_id
    returning
        r.landing_id,
        hash_record_extended(r, 0) as hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    f.batch_id,
    'releases' as name,
    count(*) as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
group by f.batch_id;
