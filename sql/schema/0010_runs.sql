-- Runs of what nobody waits for.

-- When each job last ran: a paused one is missed by nobody else.
create table ops.job (
    job text primary key,
    ran_at timestamptz not null
);

comment on table ops.job is 'When each job last ran that nobody waits for; readers see from it whether one is paused';
comment on column ops.job.job is 'maintain or watch';

-- Each time landing was replayed elsewhere and compared: etl rebuild.
create table ops.rebuild_run (
    run_id bigint generated always as identity primary key,
    rebuilt_at timestamptz not null default now(),
    -- Rows that were processed by then, and those of them that landing does not hold any more.
    landed bigint not null,
    missing bigint not null,
    seconds double precision not null,
    -- Null: the same.
    difference text
);

comment on table ops.rebuild_run is 'Each time landing was replayed into a fresh database and compared: etl rebuild';
comment on column ops.rebuild_run.difference is 'The first entry that is not the same in both; null: all are';

grant select on ops.job, ops.rebuild_run to auditor;

-- The data quality page, where workers and web server share no folder (ETL_REPORT_IN_DATABASE).
create table ops.report_page (
    name text primary key,
    content bytea not null,
    written_at timestamptz not null default now()
);

comment on table ops.report_page is
'The files of the data quality page, with ETL_REPORT_IN_DATABASE; those that are no pages are for the next build only';
comment on column ops.report_page.name is 'Its path below the folder that it would be in';

grant select on ops.report_page to auditor;
