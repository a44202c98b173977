-- Events that are held now, by uuid or by distinct id.
select
    b.team_id,
    b.uuid,
    b.event,
    b.distinct_id,
    b."timestamp",
    b.received_at,
    b.arrived_at,
    b.due_at,
    b.held_by_batch_id,
    b.xid::text as xid,
    b.landing_id
from buffer.event as b
where
    (%(uuid)s::uuid is null or b.uuid = %(uuid)s::uuid)
    and (%(distinct_id)s::text is null or b.distinct_id = %(distinct_id)s::text)
    and (%(team_id)s::bigint is null or b.team_id = %(team_id)s::bigint)
order by b.due_at
limit 20;
