-- The actions, as decided last.
select
    a.team_id,
    a.action_id,
    a.name,
    a.is_enabled,
    a.steps,
    d.decision,
    d.decided_by,
    d.decided_at,
    d.why
from warehouse.action as a
cross join
    lateral (
        select *
        from ops.action_decision as d
        where d.team_id = a.team_id and d.name = a.name
        order by d.decision_id desc
        limit 1
    ) as d
where
    (%(team_id)s::bigint is null or a.team_id = %(team_id)s::bigint)
    and (%(name)s::text is null or a.name = %(name)s::text)
order by a.team_id, a.name collate "C";
