-- The entry of this transaction: what it did, and the digests that the audited tables have by it.
insert into ops.audit_entry
select (n.entry).*
from (
    select
        jsonb_populate_record(
            o.entry, jsonb_build_object('hash', encode(sha256(convert_to(ops.audit_text(o.entry), 'UTF8')), 'hex'))
        ) as entry
    from (
        select
            row(
                coalesce(p.entry_id, 0) + 1,
                %(kind)s::text,
                %(batch_id)s::bigint,
                clock_timestamp(),
                coalesce(
                    %(record)s::text,
                    (select ops.batch_text(b) from ops.batch as b where b.batch_id = %(batch_id)s::bigint)
                ),
                ops.audited_state(p.state),
                coalesce(p.hash, ''),
                ''
            )::ops.audit_entry as entry
        from (select) as one
        left join (
            select e.*
            from ops.audit_entry as e
            order by e.entry_id desc
            limit 1
        ) as p on true
    ) as o
) as n;
