-- What drifted, newest day first.
select
    day,
    team_id,
    kind,
    event,
    subject,
    details
from ops.plan_drift
where
    day >= current_date - %(days)s::integer
    and (%(team_id)s::bigint is null or team_id = %(team_id)s::bigint)
order by day desc, team_id asc, kind asc, event asc, subject asc
limit %(at_most)s::bigint;
