-- When each job last ran that nobody waits for: a paused one is missed by nobody else.
create table ops.job (
    job text primary key,
    ran_at timestamptz not null
);

comment on table ops.job is 'When each job last ran that nobody waits for; readers see from it whether one is paused';
comment on column ops.job.job is 'maintain or watch';

grant select on ops.job to auditor;
