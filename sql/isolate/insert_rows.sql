-- Set rows of the batch apart, with the error that a step fails with.
insert into ops.set_apart (landing_id, batch_id, xid, received_at, step, error, reason, among, decided_by)
select
    l.landing_id,
    %(batch_id)s::bigint as batch_id,
    l.xid,
    l.received_at,
    %(step)s::text,
    %(error)s::text,
    %(reason)s::jsonb,
    %(among)s::bigint as among,
    %(decided_by)s::text
from landing.event as l
inner join ops.batch as b
    on
        b.batch_id = %(batch_id)s::bigint
        and (l.xid, l.landing_id) > (b.lower_xid, b.lower_landing_id)
        and (l.xid, l.landing_id) <= (b.upper_xid, b.upper_landing_id)
where l.landing_id = any(%(landing_ids)s::bigint[])
on conflict (landing_id) do nothing;
