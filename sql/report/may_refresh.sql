-- Whether this login may write the summaries; the auditor may not.
select has_table_privilege('ops.report_state', 'update') as may_refresh;
