-- One batch as people see it.
select
    *,
    (select round(sum(s.value::numeric), 3)::double precision from jsonb_each_text(step_seconds) as s) as seconds
from ops.batch
where batch_id = %(batch_id)s::bigint;
