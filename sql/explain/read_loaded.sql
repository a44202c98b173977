-- Loaded events with a uuid: the person stamped at load, and the present one.
select
    e.team_id,
    e.uuid,
    e.event,
    e.distinct_id,
    e."timestamp",
    e.received_at,
    e.person_id,
    e.person_id_at_load,
    e.person_mode,
    e.batch_id,
    s.xid::text as xid,
    e.landing_id
from warehouse.event_key as k
inner join warehouse.events as e
    on
        k.team_id = e.team_id and k.distinct_id = e.distinct_id and k.event = e.event
        and k."timestamp" = e."timestamp" and k.uuid = e.uuid
inner join warehouse.stored_event as s
    on
        k.team_id = s.team_id and k.distinct_id = s.distinct_id and k.event = s.event
        and k."timestamp" = s."timestamp" and k.uuid = s.uuid
where
    k.uuid = %(uuid)s::uuid
    and (%(team_id)s::bigint is null or k.team_id = %(team_id)s::bigint)
order by k.team_id, k.distinct_id, k.event;
