-- Land quarantined rows again, as they were sent and by whom: an operator's event counts as an operator's. The time of
-- their first arrival stays, because event times are corrected by it; their position is new, so the next batch takes
-- them.
insert into landing.event (
    landing_id, received_at, team_id, uuid, event, distinct_id, properties, "timestamp", sent_at, ip, is_personless,
    is_operator, is_captured
)
select
    n.new_landing_id,
    q.received_at,
    q.team_id,
    q.uuid,
    q.event,
    q.distinct_id,
    q.properties,
    q."timestamp",
    q.sent_at,
    q.ip,
    q.is_personless,
    q.is_operator,
    q.is_captured
from quarantine.event as q
inner join unnest(%(landing_ids)s::bigint[], %(new_landing_ids)s::bigint[]) as n (landing_id, new_landing_id)
    on q.landing_id = n.landing_id
returning
    xid::text as xid,
    landing_id,
    is_operator and event = '$withdraw_file' as is_withdrawal;
