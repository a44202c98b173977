-- Batches and their states, newest first.
select
    b.batch_id,
    b.status,
    v.state,
    b.landed,
    b.loaded,
    b.held,
    b.duplicate,
    b.quarantined,
    coalesce(b.loaded_at, b.opened_at) as at,
    v.failed_names
from ops.batch as b
inner join ops.batch_state as v on b.batch_id = v.batch_id
where not %(is_noteworthy)s::boolean or v.state not in ('fine', 'open')
order by b.batch_id desc
limit %(at_most)s::bigint;
