-- The newest run of the audit, if it found something. A period that agrees says nothing of the rest.
select
    r.verified_at,
    jsonb_array_length(r.troubles) as troubles,
    concat_ws(
        ', ', 'batch ' || (r.troubles -> 0 ->> 'batch_id'), r.troubles -> 0 ->> 'table', r.troubles -> 0 ->> 'what'
    ) as first
from (
    select a.*
    from ops.audit_run as a
    where not a.is_period or a.troubles <> '[]'
    order by a.run_id desc
    limit 1
) as r
where r.troubles <> '[]';
