-- Landing without the property. There is no index: landing is read once.
with former as materialized (
    select
        l.xid,
        l.landing_id,
        l.received_at,
        ops.landed_row_hash(l) as hash
    from landing.event as l
    where
        l.team_id = %(team_id)s::bigint
        and not l.is_operator
        and (l.xid, l.landing_id) <= (%(upper_xid)s::xid8, %(upper_landing_id)s::bigint)
        and ops.has_property(l.properties, %(property)s::text)
),

batch_of as materialized (
    -- The batch that took a row is the first one that ends at or behind it.
    select
        p.landing_id,
        min(p.batch_id) over (order by p.xid desc, p.place desc) as batch_id
    from (
        select
            f.xid,
            f.landing_id as place,
            f.landing_id,
            null::bigint as batch_id
        from former as f
        union all
        select
            b.upper_xid as xid,
            b.upper_landing_id as place,
            null as landing_id,
            b.batch_id
        from ops.batch as b
    ) as p
),

written as (
    update landing.event as l
    set properties = ops.without_property(l.properties, %(property)s::text)
    from former as f
    where l.xid = f.xid and l.landing_id = f.landing_id and l.received_at = f.received_at
    returning
        l.landing_id,
        ops.landed_row_hash(l) as hash
)

insert into staging.amendment (batch_id, name, events, digest)
select
    b.batch_id,
    'landing' as name,
    count(*) as events,
    bit_xor(ops.xor(f.hash, w.hash)) as digest
from former as f
inner join written as w on f.landing_id = w.landing_id
inner join batch_of as b on f.landing_id = b.landing_id
group by b.batch_id;
