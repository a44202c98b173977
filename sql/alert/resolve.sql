-- What is no longer so is over.
update ops.alert
set resolved_at = now()
where
    resolved_at is null
    and not (kind || ' ' || subject = any(%(still)s::text[]))
returning alert_id;
