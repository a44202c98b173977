-- Set held events apart: they leave the buffer, and the batch that would release them takes them to quarantine.
with moved as (
    delete from buffer.event
    where landing_id = any(%(landing_ids)s::bigint[])
    returning *
)

insert into ops.set_apart (landing_id, batch_id, xid, received_at, step, error, reason, among, decided_by, held)
select
    m.landing_id,
    %(batch_id)s::bigint as batch_id,
    m.xid,
    m.received_at,
    %(step)s::text,
    %(error)s::text,
    %(reason)s::jsonb,
    %(among)s::bigint as among,
    %(decided_by)s::text,
    to_jsonb(m) as held
from moved as m
on conflict (landing_id) do nothing;
