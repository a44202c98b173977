-- Steps that enabled actions may need: those that nobody has added yet, of actions that still have the former one.
select
    p.proposal_id,
    p.team_id,
    a.name,
    p.day,
    p.former_step,
    p.step,
    p.events_a_day_before,
    p.events
from ops.action_proposal as p
inner join warehouse.action as a on p.action_id = a.action_id
where
    a.is_enabled
    and exists (select from jsonb_array_elements(a.steps) as s (step) where s.step = p.former_step)
    and not exists (select from jsonb_array_elements(a.steps) as s (step) where s.step = p.step)
    and (%(proposal_id)s::bigint is null or p.proposal_id = %(proposal_id)s::bigint)
    and (%(team_id)s::bigint is null or p.team_id = %(team_id)s::bigint)
    and (%(since)s::date is null or p.day >= %(since)s::date)
order by p.day desc, p.team_id asc, a.name collate "C" asc, p.proposal_id asc;
