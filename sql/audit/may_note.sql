-- Whether this login may note a run of the audit.
select has_table_privilege('ops.audit_run', 'insert') as is_allowed;
