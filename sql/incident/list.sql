-- Incidents, those that last first, then the newest. Without `over_since` only those that last.
select
    i.incident_id,
    i.kind,
    i.team_id,
    i.subject,
    i.state,
    i.since_at,
    i.last_at,
    i.over_at,
    i.events,
    i.users,
    i.detail,
    i.examples,
    i.acknowledged_by,
    i.acknowledged_at,
    i.acknowledged_why,
    i.closed_by,
    i.closed_at,
    i.closed_why
from ops.incident as i
where
    (%(team_id)s::bigint is null or i.team_id = %(team_id)s::bigint)
    and (i.over_at is null or i.over_at >= %(over_since)s::timestamptz)
order by i.over_at is not null, i.since_at desc, i.incident_id desc
limit %(at_most)s::bigint;
