-- Somebody says that it is over, or no trouble.
update ops.incident
set
    over_at = coalesce(over_at, now()),
    closed_by = %(by)s::text,
    closed_at = now(),
    closed_why = %(why)s::text
where incident_id = %(incident_id)s::bigint and closed_at is null
returning incident_id;
