-- Days of the page that have no event any more.
delete from ops.report_day
where
    day = any(%(days)s::date[])
    and not exists (
        select from ops.report_active_id as a where a.day = ops.report_day.day and a.team_id = ops.report_day.team_id
    );
