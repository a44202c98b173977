-- What is about to be taken out of what each batch brought; this batch has recorded no digests yet. Merges: all of the
-- ids that are worked out again, as they are now; note_merges.sql adds what they come out as.
insert into ops.withdrawal (batch_id, from_batch_id, loaded, held, released, digests)
select
    %(batch_id)s::bigint as batch_id,
    g.from_batch_id,
    count(*) filter (where g.kind = 'loaded') as loaded,
    count(*) filter (where g.kind = 'held') as held,
    count(*) filter (where g.kind = 'releases') as released,
    jsonb_build_object(
        'loaded', coalesce(bit_xor(g.key_hash), 0),
        'events', coalesce(bit_xor(g.hash) filter (where g.kind = 'loaded'), 0),
        'releases',
        coalesce(bit_xor(g.hash) filter (where g.kind = 'releases' and g.from_batch_id <> %(batch_id)s::bigint), 0),
        'merges', coalesce(bit_xor(g.hash) filter (where g.kind = 'merges'), 0)
    ) as digests
from (
    select
        'loaded' as kind,
        s.batch_id as from_batch_id,
        s.row_hash as hash,
        ops.event_hash(s.landing_id, s.uuid, s.distinct_id, s.event, s."timestamp") as key_hash
    from staging.withdrawn_event as e
    inner join warehouse.stored_event as s
        on
            e.team_id = s.team_id and e.distinct_id = s.distinct_id and e."timestamp" = s."timestamp"
            and e.landing_id = s.landing_id
    union all
    select
        k.kind,
        k.from_batch_id,
        k.hash,
        null as key_hash
    from staging.withdrawn_event as e
    inner join buffer.released_event as r
        on e.team_id = r.team_id and e.distinct_id = r.distinct_id and e.uuid = r.uuid and e.event = r.event
    cross join
        lateral (
            values
            ('releases', r.released_by_batch_id, hash_record_extended(r, 0)),
            ('held', r.held_by_batch_id, null)
        ) as k (kind, from_batch_id, hash)
    union all
    select
        'merges' as kind,
        m.batch_id as from_batch_id,
        hash_record_extended(m, 0) as hash,
        null as key_hash
    from staging.withdrawn_id as i
    inner join warehouse.merge as m on i.team_id = m.team_id and i.distinct_id = m.distinct_id
) as g
group by g.from_batch_id;
