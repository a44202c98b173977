-- Quarantined rows, by uuid as it was written or by distinct id, newest first, with every reason.
select
    q.team_id,
    q.uuid,
    q.event,
    q.distinct_id,
    q.received_at,
    q.batch_id,
    q.xid::text as xid,
    q.landing_id,
    q.reasons
from quarantine.event as q
where
    (%(uuid)s::text is null or lower(q.uuid) = lower(%(uuid)s::text))
    and (%(distinct_id)s::text is null or q.distinct_id = %(distinct_id)s::text)
    and (%(team_id)s::bigint is null or q.team_id = %(team_id)s::bigint)
order by q.landing_id desc
limit 20;
