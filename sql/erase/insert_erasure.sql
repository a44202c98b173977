-- Note what was erased.
insert into ops.erasure (uuid, team_id, asked_at, asked_by, why, batch_id, counts)
values (
    %(uuid)s::uuid,
    %(team_id)s::bigint,
    %(asked_at)s::timestamptz,
    %(asked_by)s::text,
    %(why)s::text,
    %(batch_id)s::bigint,
    %(counts)s::jsonb
);
