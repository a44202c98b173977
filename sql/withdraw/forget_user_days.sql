-- Maintenance counts days again that have lost events.
delete from ops.user_day
using staging.withdrawn_event as e
where
    ops.user_day.day = (e."timestamp" at time zone 'UTC')::date
    and ops.user_day.team_id = e.team_id;
