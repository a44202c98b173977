-- A run of the audit, where the login may note it.
insert into ops.audit_run (is_period, first_batch_id, last_batch_id, entry_id, hash, events, seconds, troubles)
values (
    %(is_period)s,
    %(first_batch_id)s,
    %(last_batch_id)s,
    %(entry_id)s,
    %(hash)s,
    %(events)s,
    %(seconds)s,
    %(troubles)s::jsonb
);
