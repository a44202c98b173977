-- The erasure that the batch consists of, if it does. erased_ids: what a batch has put in the place of ids already, so
-- that a replay of landing has nothing more to do.
select
    e.team_id,
    e.landing_id,
    e.uuid,
    l.received_at as asked_at,
    l.properties ->> 'erase' as distinct_id,
    l.properties ->> 'erase_property' as property,
    l.properties ->> '$decided_by' as asked_by,
    l.properties ->> '$why' as why,
    coalesce(l.properties -> 'is_events_only' = 'true', false) as is_events_only,
    (l.properties ->> 'since')::timestamptz as since_at,
    (l.properties ->> 'until')::timestamptz as until_at,
    coalesce(
        (select array_agg(i.erased_id) from jsonb_array_elements_text(l.properties -> 'erased_ids') as i (erased_id)),
        '{}'
    ) as erased_ids
from ops.batch as b
inner join landing.event as l on b.upper_xid = l.xid and b.upper_landing_id = l.landing_id
inner join staging.accepted_event as e on l.xid = e.xid and l.landing_id = e.landing_id
where b.batch_id = %(batch_id)s::bigint and b.landed = 1 and l.is_operator and l.event = '$erase';
