-- The newest entry of the log, and whether the hash that somebody kept is in it.
select
    e.entry_id,
    e.hash,
    e.state,
    (
        %(expected)s::text is null or exists (select from ops.audit_entry as k where k.hash = %(expected)s::text)
    ) as is_expected
from (select) as one
left join (
    select
        a.entry_id,
        a.hash,
        a.state
    from ops.audit_entry as a
    order by a.entry_id desc
    limit 1
) as e on true;
