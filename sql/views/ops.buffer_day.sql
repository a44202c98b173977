-- The buffer's worth, by day of arrival (UTC).
create or replace view ops.buffer_day as
select
    h.team_id,
    (h.arrived_at at time zone 'UTC')::date as day,
    count(*) as held,
    count(*) filter (where h.is_rescued) as rescued,
    count(*) filter (where not h.is_rescued) as expired_unmatched,
    count(*) filter (where h.is_rescued is null) as still_held,
    count(distinct h.distinct_id) filter (where h.is_rescued) as distinct_ids_rescued,
    percentile_cont(0.5) within group (order by h.hold_seconds) as hold_seconds_p50,
    percentile_cont(0.95) within group (order by h.hold_seconds) as hold_seconds_p95,
    max(h.hold_seconds) as hold_seconds_max
from (
    select
        team_id,
        distinct_id,
        arrived_at,
        is_rescued,
        extract(epoch from released_at - arrived_at)::double precision as hold_seconds
    from buffer.released_event
    union all
    select
        team_id,
        distinct_id,
        arrived_at,
        null as is_rescued,
        null as hold_seconds
    from buffer.event
) as h
group by h.team_id, (h.arrived_at at time zone 'UTC')::date;

comment on view ops.buffer_day is
'By day of arrival, UTC. held = rescued + expired_unmatched + still_held. hold_seconds by the arrival clock, of the '
'released ones. distinct_ids_rescued: ids that would have made a person of their own at once without the buffer';

grant select on ops.buffer_day to auditor;
