-- Landing: what writers sent, as they sent it. Append-only; partitions of whole days are dropped after retention.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema landing;

create table landing.project (
    team_id bigint primary key,
    name text not null,
    created_at timestamptz not null default now()
);

insert into landing.project (team_id, name) values (1, 'default');

create sequence landing.event_landing_id as bigint;

-- xid stands before received_at because defaults are computed in column order: the transaction has its id before
-- the clock is read, so no row can carry an arrival older than the start of the transaction that holds its id.
-- A client's columns are nullable and text: what is wrong with an event is found by stage and validate, and must
-- not fail the INSERT of the good events beside it.
create table landing.event (
    xid xid8 not null default pg_current_xact_id(),
    landing_id bigint not null default nextval('landing.event_landing_id'),
    received_at timestamptz not null default clock_timestamp(),
    team_id bigint default 1,
    uuid text,
    event text,
    distinct_id text,
    properties jsonb,
    "timestamp" text,
    sent_at text,
    ip text,
    -- The position (xid, landing_id) is the order of arrival. received_at is in the key because partitions need it.
    primary key (xid, landing_id, received_at)
) partition by range (received_at);

-- Takes rows whose day has no partition yet, so that a late maintenance run never fails a writer.
create table landing.event_default partition of landing.event default;
