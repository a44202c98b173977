-- By what the numbers and digests of batches change when all rows of a project go: see sql/audit.
insert into ops.amendment (batch_id, cause, landed, released, loaded, held, quarantined, digests)
select
    g.batch_id,
    'removal' as cause,
    coalesce(sum(g.found) filter (where g.name = 'landing'), 0) as landed,
    coalesce(sum(g.found) filter (where g.name = 'releases'), 0) as released,
    coalesce(sum(g.found) filter (where g.name = 'loaded'), 0) as loaded,
    coalesce(sum(g.found) filter (where g.name = 'held'), 0) as held,
    coalesce(sum(g.found) filter (where g.name = 'refused'), 0) as quarantined,
    coalesce(jsonb_object_agg(g.name, g.digest) filter (where g.digest is not null), '{}') as digests
from (
    select
        b.batch_id,
        'landing' as name,
        l.found,
        l.digest
    from ops.batch as b
    cross join
        lateral (
            select
                count(*) as found,
                bit_xor(ops.landed_row_hash(e)) as digest
            from landing.event as e
            where
                (e.xid, e.landing_id) > (b.lower_xid, b.lower_landing_id)
                and (e.xid, e.landing_id) <= (b.upper_xid, b.upper_landing_id)
                and e.team_id = %(team_id)s::bigint
        ) as l
    where l.found > 0
    union all
    select
        e.batch_id,
        n.name,
        count(*) as found,
        bit_xor(n.hash) as digest
    from (
        select
            s.batch_id,
            s.row_hash,
            ops.event_hash(s.landing_id, s.uuid, s.distinct_id, s.event, s."timestamp") as key_hash
        from warehouse.stored_event as s
        where s.team_id = %(team_id)s::bigint
    ) as e
    cross join lateral (values ('loaded', e.key_hash), ('events', e.row_hash)) as n (name, hash)
    group by e.batch_id, n.name
    union all
    select
        r.batch_id,
        r.name,
        count(*) as found,
        bit_xor(r.hash) as digest
    from ops.batch_row as r
    where r.team_id = %(team_id)s::bigint
    group by r.batch_id, r.name
    union all
    select
        h.held_by_batch_id as batch_id,
        'held' as name,
        count(*) as found,
        null as digest
    from (
        select b.held_by_batch_id
        from buffer.event as b
        where b.team_id = %(team_id)s::bigint
        union all
        select r.held_by_batch_id
        from buffer.released_event as r
        where r.team_id = %(team_id)s::bigint
    ) as h
    group by h.held_by_batch_id
) as g
group by g.batch_id
order by g.batch_id;
