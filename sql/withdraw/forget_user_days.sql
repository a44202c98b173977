-- Maintenance counts days again that have lost events, as long as retention has dropped none of theirs.
delete from ops.user_day
using staging.withdrawn_event as e
where
    ops.user_day.day = (e."timestamp" at time zone 'UTC')::date
    and ops.user_day.team_id = e.team_id
    and not exists (select from ops.dropped_events as d where d.day = ops.user_day.day);
