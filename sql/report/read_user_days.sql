-- Events and users by the day of event time. A person belongs to one project, so the projects' users add up.
select
    d.day,
    d.team_id,
    d.events,
    d.late_events,
    d.distinct_ids,
    d.unique_users
from ops.report_day as d
where d.day >= %(since)s::date
order by d.day, d.team_id;
