-- Batches whose rows in landing are not those that they took, found by position: a range of the primary key a batch.
-- Rows may be missing where the batch took one of a day that retention has dropped.
select
    b.batch_id,
    b.landed - a.removed as landed,
    l.found,
    coalesce(b.oldest_received_at, b.arrival_clock_before) < coalesce(
        (select max(d.day) + 1 from ops.dropped_landing as d), '-infinity'::date
    ) and l.found < b.landed - a.removed as is_dropped
from ops.batch as b
cross join
    lateral (
        select
            count(*) as found,
            coalesce(bit_xor(ops.landed_row_hash(e)), 0) as digest
        from landing.event as e
        where
            (e.xid, e.landing_id) > (b.lower_xid, b.lower_landing_id)
            and (e.xid, e.landing_id) <= (b.upper_xid, b.upper_landing_id)
    ) as l
cross join
    lateral (
        select
            coalesce(sum(m.landed), 0)::bigint as removed,
            bit_xor((m.digests ->> 'landing')::bigint) as digest
        from ops.amendment as m
        where m.batch_id = b.batch_id
    ) as a
where
    b.status = 'loaded'
    and b.batch_id between %(first_batch_id)s::bigint and %(last_batch_id)s::bigint
    and (
        l.found <> b.landed - a.removed
        or l.digest is distinct from ops.xor((b.digests ->> 'landing')::bigint, a.digest)
    )
order by b.batch_id;
