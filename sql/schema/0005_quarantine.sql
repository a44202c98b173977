-- Quarantine: rows that failed a critical expectation, whole, with every reason.
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
    is_captured boolean not null default false,
    -- One object a failed expectation: expectation, column, reason, remedy.
    reasons jsonb not null,
    -- What became of it: nothing yet, landed again, or discarded. The row stays, whatever was decided.
    resolution text check (resolution in ('replayed', 'discarded')),
    resolved_at timestamptz,
    resolved_by text,
    resolved_why text,
    -- The landing row that a replay made of it.
    replayed_landing_id bigint,
    replayed_xid xid8,
    constraint resolution_is_explained check (
        (resolution is null and resolved_at is null and replayed_landing_id is null and replayed_xid is null)
        or (
            resolution is not null and resolved_at is not null and resolved_by is not null and resolved_why is not null
            and (resolution = 'replayed') = (replayed_landing_id is not null)
            and (resolution = 'replayed') = (replayed_xid is not null)
        )
    )
);

comment on table quarantine.event is
'Rows that were refused, whole and as sent, with every reason and its remedy; resolution is null while a row waits '
'for a decision';

create index event_by_batch on quarantine.event (batch_id);
create index event_by_resolution on quarantine.event (resolved_at) where resolution is not null;
-- Rows that wait may change the number of a day's users.
create index event_by_waiting on quarantine.event (received_at) where resolution is null;
create unique index event_by_replay on quarantine.event (replayed_landing_id) where replayed_landing_id is not null;

comment on column quarantine.event.replayed_landing_id is 'The landing row that a replay made of it';

grant usage on schema quarantine to auditor;
grant select on all tables in schema quarantine to auditor;
