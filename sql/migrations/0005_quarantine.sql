-- Quarantine: rows that failed a critical expectation, whole, with every reason.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema quarantine;

create table quarantine.event (
    landing_id bigint primary key,
    batch_id bigint not null,
    xid xid8 not null,
    received_at timestamptz not null,
    team_id bigint,
    uuid text,
    event text,
    distinct_id text,
    "timestamp" text,
    sent_at text,
    ip text,
    properties jsonb,
    -- One object a failed expectation: expectation, column, reason, remedy.
    reasons jsonb not null
);

create index event_by_batch on quarantine.event (batch_id);
