-- Landing: what writers sent, as they sent it. Append-only; partitions of whole days are dropped after retention.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema landing;

-- A project's own rules; who reads them: stage, validate, resolve.
create table landing.project (
    team_id bigint primary key,
    name text not null unique,
    created_at timestamptz not null default now(),
    -- No ip is stored with its events, unless the project asks for it.
    anonymize_ips boolean not null default true,
    -- Only merging events make or change persons; all others are personless.
    person_processing_opt_out boolean not null default false,
    -- Events older than this on arrival are refused; null or 0: none are.
    drop_events_older_than_seconds double precision,
    -- $feature_flag_called of an id without person is personless unless it says otherwise.
    flag_called_personless_default boolean not null default false,
    -- A merging event that would move more distinct ids than this is refused.
    merge_move_limit bigint,
    -- What happens to events that carry the sentinel id of cookieless tracking.
    cookieless_mode text not null default 'off' check (cookieless_mode in ('off', 'stateless'))
);

-- What the ids of cookieless visitors are derived with, a salt a day. Maintenance deletes it once no event of its day
-- is accepted any more, and from then on nobody can tell which visitor an id was.
create table landing.cookieless_salt (
    day date primary key,
    salt uuid not null default gen_random_uuid()
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
    -- The endpoint, not the client, switched person processing off for this event.
    is_personless boolean not null default false,
    -- Landed by an operator's command of ours. Writers cannot set it, so that no client can split a person.
    is_operator boolean not null default false,
    -- The position (xid, landing_id) is the order of arrival. received_at is in the key because partitions need it.
    primary key (xid, landing_id, received_at)
) partition by range (received_at);

-- Takes rows whose day has no partition yet, so that a late maintenance run never fails a writer.
create table landing.event_default partition of landing.event default;
