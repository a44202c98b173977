-- Report: what the data quality page shows, summed up batch by batch, so that no page ever reads the events again.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- One row. The summaries hold every batch up to this one, each once.
create table ops.report_state (
    is_only boolean primary key default true check (is_only),
    batch_id bigint not null
);

insert into ops.report_state (batch_id) values (0);

-- What a batch loaded and how old its events were when readers could first see them.
create table ops.report_batch (
    batch_id bigint primary key,
    -- Arrival to loaded, the hold included.
    arrival_p50_seconds double precision,
    arrival_p95_seconds double precision,
    -- Event time to loaded: how long ago it had happened.
    event_p50_seconds double precision,
    event_p95_seconds double precision,
    warnings bigint not null,
    failed_expectations bigint not null
);

-- Who was active on which day of event time. Unique users are counted from here: one narrow row an id and day.
create table ops.report_active_id (
    day date not null,
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    events bigint not null,
    -- Of these: arrived after the day had ended.
    late_events bigint not null,
    primary key (team_id, distinct_id, day)
);

create index report_active_id_by_person on ops.report_active_id (day, team_id, person_id);

create table ops.report_day (
    day date not null,
    team_id bigint not null,
    events bigint not null,
    late_events bigint not null,
    -- Users if no two ids had ever become one person, and as they are.
    distinct_ids bigint not null,
    unique_users bigint not null,
    primary key (day, team_id)
);

-- Ages by the day of loading, to the second below 100 s and to two digits above: percentiles of a day are read off it.
create table ops.report_lag (
    day date not null,
    clock text not null check (clock in ('arrival', 'event', 'hold')),
    seconds double precision not null,
    events bigint not null,
    primary key (day, clock, seconds)
);

create table ops.report_refusal (
    batch_id bigint not null,
    expectation text not null,
    events bigint not null,
    primary key (batch_id, expectation)
);

create index report_refusal_by_expectation on ops.report_refusal (expectation, batch_id);

create table ops.report_warning (
    batch_id bigint not null,
    type text not null,
    events bigint not null,
    primary key (batch_id, type)
);

-- The first characters of a value's text, or null where PostgreSQL cannot write it out at all.
create function ops.json_excerpt(value jsonb, characters integer)
returns text
language plpgsql
immutable
as $$
begin
    return left(value::text, characters);
exception
    when program_limit_exceeded then return null;
end;
$$;

grant select on
ops.report_state,
ops.report_batch,
ops.report_active_id,
ops.report_day,
ops.report_lag,
ops.report_refusal,
ops.report_warning
to auditor;
