-- What was decided about an action, the newest last.
select
    d.decision,
    d.steps,
    d.decided_by,
    d.decided_at,
    d.why
from ops.action_decision as d
where d.team_id = %(team_id)s::bigint and d.name = %(name)s::text
order by d.decision_id;
