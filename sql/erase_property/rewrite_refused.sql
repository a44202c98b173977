-- Rows in quarantine without the property. What an operator's event says stays, as in landing: it may be replayed.
with former as materialized (
    select
        q.landing_id,
        q.batch_id,
        ops.refusal_hash(q) as hash
    from quarantine.event as q
    where
        q.team_id = %(team_id)s::bigint
        and not q.is_operator
        and ops.has_property(q.properties, %(property)s::text)
),

written as (
    update quarantine.event as q
    set properties = ops.without_property(q.properties, %(property)s::text)
    from former as f
    where q.landing_id = f.landing_id
    returning
        q.landing_id,
        ops.refusal_hash(q) as hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    f.batch_id,
    'refused' as name,
    count(*) as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
group by f.batch_id;
