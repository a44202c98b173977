-- What a batch and a refused row must know so that rows which land again are treated as the first time.

-- A refused row has the columns of its landing row, so that a replay lands it with the authority it had, and with no
-- other. It is an audited table, whose digest is made of whole rows: an entry of the audit log has what they become. If
-- anybody else has changed rows, digest and log differ as much as before.
do $$
declare
    digest_before bigint;
    digest_after bigint;
begin
    lock table ops.audit_entry in share row exclusive mode;
    select coalesce(bit_xor(hash_record_extended(q, 0)), 0) into digest_before from quarantine.event as q;
    alter table quarantine.event
    add column is_personless boolean not null default false,
    add column is_operator boolean not null default false;
    select coalesce(bit_xor(hash_record_extended(q, 0)), 0) into digest_after from quarantine.event as q;
    if digest_before <> digest_after then
        insert into ops.audit_entry
        select (jsonb_populate_record(
            e.entry, jsonb_build_object('hash', encode(sha256(convert_to(ops.audit_text(e.entry), 'UTF8')), 'hex'))
        )).*
        from (
            select row(
                p.entry_id + 1,
                'maintenance',
                null,
                clock_timestamp(),
                'schema 0012: quarantine.event has is_personless and is_operator',
                p.state || jsonb_build_object(
                    'quarantine.event',
                    (p.state ->> 'quarantine.event')::bigint # digest_before # digest_after
                ),
                p.hash,
                ''
            )::ops.audit_entry as entry
            from ops.audit_entry as p
            order by p.entry_id desc
            limit 1
        ) as e;
    end if;
end;
$$;

-- Of the rows that it took; may be long before the clock: a row that lands again keeps its arrival, and goes from
-- landing with the day of that. Null: it took none, or was loaded before there was this column.
alter table ops.batch add column oldest_received_at timestamptz;
