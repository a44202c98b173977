-- What the batch brought, as digests. What was loaded follows from the rest, because xor is conserved as the ledger is;
-- `etl audit verify` computes it from the warehouse. events: what was written, as it must stay.
update ops.batch
set
    digests = jsonb_build_object(
        'landing', g.landing,
        'landed', g.landed,
        'released', %(released)s::bigint,
        'held', h.held,
        'duplicate', x.duplicate,
        'quarantined', x.quarantined,
        'loaded', ops.xor(g.landed, %(released)s::bigint, h.held, x.duplicate, x.quarantined),
        'events', %(events)s::bigint,
        'results', ops.results_digest(%(batch_id)s::bigint)
    ) || ops.row_digests(%(batch_id)s::bigint)
from (
    select
        coalesce(bit_xor(e.landing_hash), 0) as landing,
        coalesce(bit_xor(ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp")), 0) as landed
    from staging.event as e
) as g
cross join (
    select coalesce(bit_xor(ops.event_hash(b.landing_id, b.uuid, b.distinct_id, b.event, b."timestamp")), 0) as held
    from buffer.event as b
    where b.held_by_batch_id = %(batch_id)s::bigint
) as h
cross join (
    select
        coalesce(bit_xor(k.hash) filter (where k.kind = 'duplicate'), 0) as duplicate,
        coalesce(bit_xor(k.hash) filter (where k.kind = 'quarantined'), 0) as quarantined
    from (
        select
            x.kind,
            ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp") as hash
        from staging.excluded as x
        inner join staging.event as e on x.landing_id = e.landing_id
    ) as k
) as x
where ops.batch.batch_id = %(batch_id)s::bigint;
