-- What was decided about a cohort, the newest last.
select
    d.decision,
    d.definition,
    d.decided_by,
    d.decided_at,
    d.why
from ops.cohort_decision as d
where d.team_id = %(team_id)s::bigint and d.name = %(name)s::text
order by d.decision_id;
