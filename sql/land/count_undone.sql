-- What of a file is where, before it is withdrawn.
with taken as (
    select
        g.xid,
        g.first_landing_id,
        g.last_landing_id
    from ops.landed_range as g
    where g.team_id = %(team_id)s::bigint and g.sha256 = %(sha256)s::text and g.undone_at is null
)

select
    (
        select count(*)
        from taken as t
        inner join warehouse.stored_event as e
            on t.xid = e.xid and e.landing_id between t.first_landing_id and t.last_landing_id
    ) as loaded,
    (
        select count(*)
        from taken as t
        inner join buffer.event as h
            on t.xid = h.xid and h.landing_id between t.first_landing_id and t.last_landing_id
    ) as held,
    (
        select count(*)
        from taken as t
        inner join quarantine.event as q
            on t.xid = q.xid and q.landing_id between t.first_landing_id and t.last_landing_id
    ) as quarantined,
    (
        select count(*)
        from taken as t
        inner join warehouse.merge as m
            on t.xid = m.xid and m.landing_id between t.first_landing_id and t.last_landing_id
        where m.outcome in ('created', 'attached', 'merged', 'split')
    ) as merging;
