-- Rows in quarantine without the property, and of reasons that may repeat what it said only the place. What an
-- operator's event says stays, as in landing: it may be replayed.
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
    set
        properties = ops.without_property(q.properties, %(property)s::text),
        reasons = (
            select jsonb_agg(ops.without_values(r.reason) order by r.place)
            from jsonb_array_elements(q.reasons) with ordinality as r (reason, place)
        )
    from former as f
    where q.landing_id = f.landing_id
    returning
        q.landing_id,
        ops.refusal_hash(q) as hash
),

apart as (
    update ops.set_apart as a
    set
        error = '',
        reason = ops.without_values(a.reason)
    from former as f
    where a.landing_id = f.landing_id
    returning a.batch_id
),

failure as (
    update ops.step_failure as s
    set error = ''
    from apart as a
    where s.batch_id = a.batch_id
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
