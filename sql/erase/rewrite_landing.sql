-- Landing: the rows stay where they are, and say nothing of anybody. A refused one is refused for that in a replay.
with batch_of as materialized (
    -- The batch that took a row is the first one that ends at or behind it.
    select
        p.landing_id,
        min(p.batch_id) over (order by p.xid desc, p.place desc) as batch_id
    from (
        select
            r.xid,
            r.landing_id as place,
            r.landing_id,
            null::bigint as batch_id
        from staging.erased_event as r
        union all
        select
            b.upper_xid as xid,
            b.upper_landing_id as place,
            null as landing_id,
            b.batch_id
        from ops.batch as b
    ) as p
),

former as materialized (
    select
        r.*,
        b.batch_id,
        ops.landed_row_hash(l) as hash
    from staging.erased_event as r
    inner join landing.event as l on r.xid = l.xid and r.landing_id = l.landing_id and r.received_at = l.received_at
    inner join batch_of as b on r.landing_id = b.landing_id
),

written as (
    update landing.event as l
    set
        uuid = case when f.kind <> 'refused' then l.uuid end,
        event = case f.kind when 'naming' then l.event when 'refused' then '$erased' else f.event end,
        distinct_id = case when f.kind = 'naming' then l.distinct_id else f.distinct_id end,
        properties = case when f.kind = 'naming' then l.properties || f.properties else f.properties end,
        "timestamp" = case
            when f.kind = 'naming' then l."timestamp"
            else to_char(f."timestamp" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        end,
        sent_at = case when f.kind = 'naming' then l.sent_at end,
        ip = case when f.kind = 'naming' then l.ip end,
        is_operator = l.is_operator or f.kind = 'refused'
    from former as f
    where l.xid = f.xid and l.landing_id = f.landing_id and l.received_at = f.received_at
    returning
        l.landing_id,
        ops.landed_row_hash(l) as hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    f.batch_id,
    'landing' as name,
    count(*) filter (where f.kind <> 'naming') as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
group by f.batch_id;
