-- Entries of the log that are not what they were: changed, or not where they belong.
select
    e.entry_id,
    e.kind,
    e.batch_id,
    e.is_right,
    e.is_linked
from (
    select
        a.entry_id,
        a.kind,
        a.batch_id,
        coalesce(a.hash = encode(sha256(convert_to(ops.audit_text(a), 'UTF8')), 'hex'), false) as is_right,
        a.previous_hash = coalesce(lag(a.hash) over by_number, '')
        and a.entry_id = coalesce(lag(a.entry_id) over by_number, 0) + 1 as is_linked
    from ops.audit_entry as a
    window by_number as (
        order by a.entry_id
    )
) as e
where not (e.is_right and e.is_linked)
order by e.entry_id;
