-- Rows in quarantine: what is left is that a row was refused. As in landing, its mark is one that no client can set.
with former as materialized (
    select
        r.*,
        q.batch_id,
        ops.refusal_hash(q) as hash
    from staging.erased_event as r
    inner join quarantine.event as q on r.landing_id = q.landing_id
    where r.kind in ('refused', 'naming')
),

written as (
    update quarantine.event as q
    set
        uuid = case when f.kind = 'naming' then q.uuid end,
        event = case when f.kind = 'naming' then q.event else '$erased' end,
        distinct_id = case when f.kind = 'naming' then q.distinct_id else f.distinct_id end,
        "timestamp" = case when f.kind = 'naming' then q."timestamp" end,
        sent_at = case when f.kind = 'naming' then q.sent_at end,
        ip = case when f.kind = 'naming' then q.ip end,
        is_operator = q.is_operator or f.kind = 'refused',
        properties = case when f.kind = 'naming' then q.properties || f.properties else f.properties end,
        reasons = case when f.kind = 'naming' then q.reasons else jsonb_build_array(%(reason)s::jsonb) end,
        resolution = case when f.kind = 'naming' then q.resolution else coalesce(q.resolution, 'discarded') end,
        resolved_at = case when f.kind = 'naming' then q.resolved_at else coalesce(q.resolved_at, now()) end,
        resolved_by = case when f.kind = 'naming' then q.resolved_by else %(asked_by)s::text end,
        resolved_why = case when f.kind = 'naming' then q.resolved_why else %(why)s::text end
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
    count(*) filter (where f.kind = 'refused') as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
group by f.batch_id;
