-- Why other rows are in quarantine: a value that does not fit, or the error of a server, may repeat one of the ids.
with former as materialized (
    select
        q.landing_id,
        q.batch_id,
        ops.refusal_hash(q) as hash
    from quarantine.event as q
    where q.team_id = %(team_id)s::bigint and ops.names_id(q.reasons, %(ids)s::text[])
),

written as (
    update quarantine.event as q
    set
        reasons = (
            select
                jsonb_agg(
                    r.reason
                    || jsonb_build_object('reason', ops.without_ids(r.reason ->> 'reason', %(ids)s::text[]))
                    order by r.place
                )
            from jsonb_array_elements(q.reasons) with ordinality as r (reason, place)
        )
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
    0 as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
group by f.batch_id;
