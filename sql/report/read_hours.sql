-- Events of each source by hour, and what the same hour of past weeks had.
select
    h.hour_at,
    h.team_id,
    h.source,
    h.events,
    h.users,
    h.expected,
    h.spread
from ops.event_hour as h
where h.event = '' and h.hour_at >= %(since)s::timestamptz and h.hour_at < %(until)s::timestamptz
order by h.team_id, h.source, h.hour_at;
