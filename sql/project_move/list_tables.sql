-- The tables that a project moves with, those that others refer to first. Not: records of this server's own; actions
-- and cohorts, which are added anew; and what the quality page works out of batches.
select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'team_id'
where
    n.nspname in ('landing', 'buffer', 'quarantine', 'warehouse', 'ops')
    and c.relkind in ('r', 'p')
    and not c.relispartition
    and (n.nspname, c.relname) not in (
        ('ops', 'removed_project'), ('ops', 'moved_project'), ('ops', 'batch_project'),
        ('ops', 'report_active_id'), ('ops', 'report_day'),
        ('ops', 'action_decision'), ('ops', 'action_proposal'), ('ops', 'cohort_decision'),
        ('warehouse', 'action'), ('warehouse', 'action_step'),
        ('warehouse', 'cohort'), ('warehouse', 'cohort_condition')
    )
order by
    exists (select from pg_constraint as f where f.contype = 'f' and f.conrelid = c.oid),
    n.nspname,
    c.relname;
