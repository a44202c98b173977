-- Who decided what about an action, when and why.
insert into ops.action_decision (team_id, name, decision, steps, decided_by, why)
values (
    %(team_id)s::bigint, %(name)s::text, %(decision)s::text, %(steps)s::jsonb, %(decided_by)s::text, %(why)s::text
);
