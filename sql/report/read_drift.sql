-- What the events of the last days had that those before had not, and the other way round.
select
    d.day,
    d.team_id,
    d.kind,
    left(d.event, 400) as event,
    left(d.subject, 400) as subject
from ops.plan_drift as d
where d.day >= %(since)s::date
order by d.day desc, d.kind asc, d.event asc, d.subject asc
limit %(at_most)s::bigint;
