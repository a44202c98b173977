-- Whether retention has dropped events of a file: of rows that neither landing nor anything else has any more it is not
-- known what they were, duplicates or dropped events, so it is assumed where any of their batches has dropped events.
with taken as (
    select
        g.xid,
        g.first_landing_id,
        g.last_landing_id
    from ops.landed_range as g
    where g.team_id = %(team_id)s::bigint and g.sha256 = %(sha256)s::text and g.undone_at is null
),

known as (
    select l.landing_id
    from taken as t
    inner join landing.event as l on t.xid = l.xid and l.landing_id between t.first_landing_id and t.last_landing_id
    union
    select e.landing_id
    from taken as t
    inner join warehouse.stored_event as e
        on t.xid = e.xid and e.landing_id between t.first_landing_id and t.last_landing_id
    union
    select q.landing_id
    from taken as t
    inner join quarantine.event as q on t.xid = q.xid and q.landing_id between t.first_landing_id and t.last_landing_id
    union
    select h.landing_id
    from taken as t
    inner join buffer.event as h on t.xid = h.xid and h.landing_id between t.first_landing_id and t.last_landing_id
)

select
    (select sum(t.last_landing_id - t.first_landing_id + 1) from taken as t) > (select count(*) from known)
    and exists (
        select b.batch_id
        from taken as t
        inner join ops.batch as b
            on
                (t.xid, t.last_landing_id) > (b.lower_xid, b.lower_landing_id)
                and (t.xid, t.first_landing_id) <= (b.upper_xid, b.upper_landing_id)
        inner join ops.amendment as a on b.batch_id = a.batch_id
        where a.cause = 'retention' and a.loaded > 0
    ) as has_dropped;
