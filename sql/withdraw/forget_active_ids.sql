-- The page's days of the ids, as far as it has summed up; one refresh at a time.
with locked as (
    select s.batch_id
    from ops.report_state as s
    for update
)

delete from ops.report_active_id
using staging.withdrawn_id as i
cross join locked
where
    ops.report_active_id.team_id = i.team_id
    and ops.report_active_id.distinct_id = i.distinct_id
    -- Of these days not every event is there to be counted.
    and not exists (select from ops.dropped_events as d where d.day = ops.report_active_id.day)
returning ops.report_active_id.day;
