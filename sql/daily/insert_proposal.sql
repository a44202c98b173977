-- A step that an action may need; the numbers are those of the newest day.
insert into ops.action_proposal (
    team_id, action_id, day, former_step, step, events_a_day_before, events, found_at
)
values (
    %(team_id)s::bigint,
    %(action_id)s::bigint,
    %(day)s::date,
    %(former_step)s::jsonb,
    %(step)s::jsonb,
    %(events_a_day_before)s::bigint,
    %(events)s::bigint,
    now()
)
on conflict (action_id, step) do update
    set
        day = excluded.day,
        former_step = excluded.former_step,
        events_a_day_before = excluded.events_a_day_before,
        events = excluded.events
    where excluded.day > ops.action_proposal.day;
