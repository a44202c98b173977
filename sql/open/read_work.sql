-- Whether a batch has nothing to do: no row has landed, and no held event is due.
select
    b.landed = 0
    and not exists (select from buffer.event as e where e.due_at <= b.as_of) as is_nothing
from ops.batch as b
where b.batch_id = %(batch_id)s::bigint;
