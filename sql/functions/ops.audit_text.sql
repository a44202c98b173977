-- The text that the hash of an entry of the audit log is made of.
create or replace function ops.audit_text(entry ops.audit_entry)
returns text
language sql
stable
as $$
select concat_ws(
    '|',
    entry.previous_hash,
    entry.entry_id,
    entry.kind,
    coalesce(entry.batch_id::text, '-'),
    (extract(epoch from entry.recorded_at) * 1000000)::bigint,
    entry.record,
    entry.state::text
)
$$;
