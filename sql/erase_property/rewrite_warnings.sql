-- Warnings that name the property, as those of the tracking plan do, may show its value.
with former as materialized (
    select
        w.landing_id,
        w.type,
        w.batch_id,
        hash_record_extended(w, 0) as hash
    from ops.warning as w
    where w.team_id = %(team_id)s::bigint and ops.names_id(w.details, array[%(property)s::text])
),

written as (
    update ops.warning as w
    set details = '{}'
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
    count(*) as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id and f.type = w.type
group by f.batch_id;
