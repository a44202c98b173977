-- Events of each name and source on one day, and what the same hours of past weeks had; what fell most comes first.
select
    h.team_id,
    h.source,
    h.event,
    sum(h.events)::bigint as events,
    sum(h.expected) as expected
from ops.event_hour as h
where
    h.event <> ''
    and h.hour_at >= %(day)s::date::timestamp at time zone 'UTC'
    and h.hour_at < (%(day)s::date + 1)::timestamp at time zone 'UTC'
group by h.team_id, h.source, h.event
order by coalesce(sum(h.expected), 0) - sum(h.events) desc, sum(h.events) desc, h.source asc, h.event asc
limit %(at_most)s::bigint;
