-- Somebody knows of it.
update ops.incident
set
    acknowledged_by = %(by)s::text,
    acknowledged_at = now(),
    acknowledged_why = %(why)s::text
where incident_id = %(incident_id)s::bigint and over_at is null
returning incident_id;
