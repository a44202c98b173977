-- The text that a batch's hash is made of: what it took, gave, found and who decided. Seconds are no part of it. That
-- of a batch without an oldest arrival is as before there was that column: it has its entry in the audit log already.
create or replace function ops.batch_text(batch ops.batch)
returns text
language sql
stable
as $$
select concat_ws(
    '|',
    batch.batch_id,
    batch.lower_xid,
    batch.lower_landing_id,
    batch.upper_xid,
    batch.upper_landing_id,
    case
        when batch.oldest_received_at is not null
            then (extract(epoch from batch.arrival_clock_before) * 1000000)::bigint
    end,
    (extract(epoch from batch.arrival_clock) * 1000000)::bigint,
    (extract(epoch from batch.oldest_received_at) * 1000000)::bigint,
    (extract(epoch from batch.as_of) * 1000000)::bigint,
    batch.hold_seconds,
    batch.is_caught_up,
    batch.landed,
    batch.released,
    batch.loaded,
    batch.held,
    batch.duplicate,
    batch.quarantined,
    batch.rescued,
    batch.persons_created,
    batch.persons_merged,
    (extract(epoch from batch.opened_at) * 1000000)::bigint,
    (extract(epoch from batch.loaded_at) * 1000000)::bigint,
    coalesce(batch.decision, '-'),
    coalesce(batch.decided_by, '-'),
    coalesce(batch.decided_why, '-'),
    coalesce(batch.digests::text, '-')
)
$$;
