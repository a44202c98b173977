-- One word for each batch, and the failed expectations behind it.
create or replace view ops.batch_state as
select
    b.batch_id,
    b.status,
    case
        when b.decision = 'quarantined' then 'quarantined'
        when b.status = 'open' then 'open'
        when coalesce(r.failed, 0) > 0 then 'flagged'
        else 'fine'
    end as state,
    coalesce(r.failed, 0) as failed_expectations,
    coalesce(r.failed_names, '{}') as failed_names,
    b.decided_at,
    b.decided_by,
    b.decided_why
from ops.batch as b
left join (
    select
        e.batch_id,
        count(*) as failed,
        array_agg(e.suite || '.' || e.expectation order by e.suite, e.expectation) as failed_names
    from ops.expectation_result as e
    where not e.is_success
    group by e.batch_id
) as r on b.batch_id = r.batch_id;

comment on view ops.batch_state is
'open; quarantined: a person decided so; flagged: published with warnings or quarantined rows; fine';

grant select on ops.batch_state to auditor;
