-- Texts of clicked elements that name one of the ids.
with drift as (
    delete from ops.plan_drift
    where team_id = %(team_id)s::bigint and ops.without_ids(subject, %(ids)s::text[]) <> subject
),

proposals as (
    delete from ops.action_proposal
    where
        team_id = %(team_id)s::bigint
        and ops.without_ids(step ->> 'text', %(ids)s::text[]) <> step ->> 'text'
)

delete from ops.event_day
where team_id = %(team_id)s::bigint and ops.without_ids(label, %(ids)s::text[]) <> label;
