-- The last batches, newest first.
select
    batch_id,
    status,
    landed,
    released,
    loaded,
    held,
    duplicate,
    quarantined,
    rescued,
    persons_created,
    persons_merged,
    is_caught_up,
    as_of,
    opened_at,
    loaded_at,
    is_balanced,
    (select round(sum(s.value::numeric), 3)::double precision from jsonb_each_text(step_seconds) as s) as seconds
from ops.batch
order by batch_id desc
limit %(at_most)s::bigint;
