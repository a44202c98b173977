-- The tables that a project moves with, those that others refer to first. Not: what the gate said of this server's
-- batches; actions and cohorts, which are added anew; and what the quality page works out of batches.
select t.name
from ops.project_tables() as t
where
    t.name not in (
        'ops.batch_project', 'ops.report_active_id', 'ops.report_day', 'ops.action_decision', 'ops.action_proposal',
        'ops.cohort_decision', 'warehouse.action', 'warehouse.action_step', 'warehouse.cohort',
        'warehouse.cohort_condition'
    )
order by t.is_referring, t.name;
