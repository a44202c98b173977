-- The project's history as one batch of the ledger. What landing, or retention of events, has dropped of it is in the
-- numbers, and taken out of them again by an amendment.
with landed as (
    select
        count(*) as found,
        min(l.received_at) as oldest_received_at,
        coalesce(bit_xor(ops.landed_row_hash(l)), 0) as digest
    from landing.event as l
    where
        l.team_id = %(team_id)s::bigint
        and l.landing_id >= %(lower_landing_id)s::bigint
        and l.landing_id <= %(upper_landing_id)s::bigint
),

-- Sets are compared as a whole, whatever is known of tables that have just been filled.
doubled as (
    select count(*) as found
    from (
        select l.landing_id
        from landing.event as l
        where
            l.team_id = %(team_id)s::bigint
            and l.landing_id >= %(lower_landing_id)s::bigint
            and l.landing_id <= %(upper_landing_id)s::bigint
        except
        (
            select e.landing_id
            from warehouse.stored_event as e
            where e.team_id = %(team_id)s::bigint
            union all
            select q.landing_id
            from quarantine.event as q
            where q.batch_id = %(batch_id)s::bigint
            union all
            select h.landing_id
            from buffer.event as h
            where h.team_id = %(team_id)s::bigint
        )
    ) as d
),

stored as (
    select
        count(*) as found,
        coalesce(bit_xor(e.row_hash), 0) as digest,
        coalesce(bit_xor(ops.event_hash(e.landing_id, e.uuid, e.distinct_id, e.event, e."timestamp")), 0) as key_digest
    from warehouse.stored_event as e
    where e.team_id = %(team_id)s::bigint
),

counted as (
    select
        (select count(*) from warehouse.event_key as k where k.team_id = %(team_id)s::bigint) as loaded,
        (select count(*) from buffer.event as b where b.team_id = %(team_id)s::bigint) as waiting,
        (select count(*) from buffer.released_event as r where r.team_id = %(team_id)s::bigint) as released,
        (
            select count(*) from buffer.released_event as r
            where r.team_id = %(team_id)s::bigint and r.is_rescued
        ) as rescued,
        (select count(*) from quarantine.event as q where q.batch_id = %(batch_id)s::bigint) as quarantined
),

amended as (
    insert into ops.amendment (batch_id, cause, landed, loaded, digests)
    select
        %(batch_id)s::bigint as batch_id,
        'retention' as cause,
        c.loaded + c.waiting + d.found + c.quarantined - l.found as landed,
        c.loaded - s.found as loaded,
        '{}' as digests
    from landed as l
    cross join doubled as d
    cross join stored as s
    cross join counted as c
    where c.loaded <> s.found or c.loaded + c.waiting + d.found + c.quarantined <> l.found
)

insert into ops.batch (
    batch_id, status, lower_xid, lower_landing_id, upper_xid, upper_landing_id, arrival_clock_before, arrival_clock,
    oldest_received_at, as_of, hold_seconds, is_caught_up, landed, released, loaded, held, duplicate, quarantined,
    rescued, persons_created, persons_merged, opened_at, loaded_at, digests
)
select
    %(batch_id)s::bigint as batch_id,
    'loaded' as status,
    w.xid as lower_xid,
    w.landing_id as lower_landing_id,
    %(upper_xid)s::xid8 as upper_xid,
    %(upper_landing_id)s::bigint as upper_landing_id,
    w.arrival_clock as arrival_clock_before,
    greatest(w.arrival_clock, %(arrival_clock)s::timestamptz) as arrival_clock,
    l.oldest_received_at,
    w.as_of,
    %(hold_seconds)s::double precision as hold_seconds,
    true as is_caught_up,
    c.loaded + c.waiting + d.found + c.quarantined as landed,
    c.released,
    c.loaded,
    c.waiting + c.released as held,
    d.found as duplicate,
    c.quarantined,
    c.rescued,
    0 as persons_created,
    0 as persons_merged,
    now() as opened_at,
    clock_timestamp() as loaded_at,
    jsonb_build_object(
        'landing', l.digest,
        'landed', s.key_digest,
        'released', 0,
        'held', 0,
        'duplicate', 0,
        'quarantined', 0,
        'loaded', s.key_digest,
        'events', s.digest,
        'results', ops.results_digest(%(batch_id)s::bigint)
    ) || ops.row_digests(%(batch_id)s::bigint) as digests
from ops.watermark as w
cross join landed as l
cross join doubled as d
cross join stored as s
cross join counted as c;
