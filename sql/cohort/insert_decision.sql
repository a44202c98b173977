-- Who decided what about a cohort, when and why.
insert into ops.cohort_decision (team_id, name, decision, definition, decided_by, why)
values (
    %(team_id)s::bigint, %(name)s::text, %(decision)s::text, %(definition)s::jsonb, %(decided_by)s::text, %(why)s::text
);
