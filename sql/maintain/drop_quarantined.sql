-- Drop refused rows after retention, and what was noted of those that a step failed on. Never before landing's: as long
-- as a row is there, a replay of landing refuses it again.
with gone as (
    delete from quarantine.event as q
    where
        q.received_at < %(now)s::timestamptz - make_interval(days => %(retention_days)s::integer)
        and not exists (
            select from landing.event as l
            where l.xid = q.xid and l.landing_id = q.landing_id and l.received_at = q.received_at
        )
    returning
        q.landing_id,
        q.batch_id,
        ops.refusal_hash(q) as hash
),

set_apart as (
    delete from ops.set_apart as a
    using gone as g
    where a.landing_id = g.landing_id
),

amended as (
    insert into ops.amendment (batch_id, cause, quarantined, digests)
    select
        g.batch_id,
        'retention' as cause,
        count(*) as quarantined,
        jsonb_build_object('refused', bit_xor(g.hash)) as digests
    from gone as g
    group by g.batch_id
    order by g.batch_id
)

select count(*) as dropped
from gone;
