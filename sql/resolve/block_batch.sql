-- A critical finding about the batch as a whole: it stays open, and nothing of it is loaded until a person decides.
update ops.batch
set
    blocked_at = clock_timestamp(),
    blocked_reasons = %(reasons)s::jsonb
where batch_id = %(batch_id)s::bigint and decision is null;
