-- Loaded events with a uuid that retention has dropped: only their keys are there.
select
    k.team_id,
    k.uuid,
    k.event,
    k.distinct_id,
    k."timestamp",
    null::bigint as landing_id,
    d.dropped_at
from warehouse.event_key as k
inner join ops.dropped_events as d on d.day = (k."timestamp" at time zone 'UTC')::date
where
    k.uuid = %(uuid)s::uuid
    and (%(team_id)s::bigint is null or k.team_id = %(team_id)s::bigint)
    and not exists (
        select from warehouse.stored_event as e
        where
            k.team_id = e.team_id and k.distinct_id = e.distinct_id and k."timestamp" = e."timestamp"
            and k.event = e.event and k.uuid = e.uuid
    )
order by k.team_id, k.distinct_id, k.event;
