-- What a detector has found: the incident that is known already, also one that was over and has come back within the
-- time looked at; else a new one. One that a person has closed stays closed as long as it is the same.
with known as (
    update ops.incident
    set
        since_at = least(ops.incident.since_at, %(since_at)s::timestamptz),
        last_at = greatest(ops.incident.last_at, %(last_at)s::timestamptz),
        over_at = case when ops.incident.closed_at is not null then ops.incident.over_at end,
        events = greatest(ops.incident.events, %(events)s::bigint),
        users = greatest(ops.incident.users, %(users)s::bigint),
        detail = %(detail)s::text,
        examples = %(examples)s::jsonb
    where
        incident_id = (
            select n.incident_id
            from ops.incident as n
            where
                n.kind = %(kind)s::text
                and n.team_id = %(team_id)s::bigint
                and n.subject = %(subject)s::text
                and coalesce(n.over_at, 'infinity') >= %(since_at)s::timestamptz
            order by n.incident_id desc
            limit 1
        )
    returning ops.incident.incident_id
)

insert into ops.incident (kind, team_id, subject, since_at, last_at, events, users, detail, examples)
select
    %(kind)s::text,
    %(team_id)s::bigint,
    %(subject)s::text,
    %(since_at)s::timestamptz,
    %(last_at)s::timestamptz,
    %(events)s::bigint,
    %(users)s::bigint,
    %(detail)s::text,
    %(examples)s::jsonb
where not exists (select from known);
