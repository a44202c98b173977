-- The cohorts, as decided last.
select
    c.team_id,
    c.cohort_id,
    c.name,
    c.is_enabled,
    c.definition,
    d.decision,
    d.decided_by,
    d.decided_at,
    d.why
from warehouse.cohort as c
cross join
    lateral (
        select *
        from ops.cohort_decision as d
        where d.team_id = c.team_id and d.name = c.name
        order by d.decision_id desc
        limit 1
    ) as d
where
    (%(team_id)s::bigint is null or c.team_id = %(team_id)s::bigint)
    and (%(name)s::text is null or c.name = %(name)s::text)
order by c.team_id, c.name collate "C";
