-- Note what was erased.
insert into ops.erasure (
    uuid, team_id, property, is_events_only, since_at, until_at, asked_at, asked_by, why, batch_id, counts
)
values (
    %(uuid)s::uuid,
    %(team_id)s::bigint,
    %(property)s::text,
    %(is_events_only)s::boolean,
    %(since_at)s::timestamptz,
    %(until_at)s::timestamptz,
    %(asked_at)s::timestamptz,
    %(asked_by)s::text,
    %(why)s::text,
    %(batch_id)s::bigint,
    %(counts)s::jsonb
);
