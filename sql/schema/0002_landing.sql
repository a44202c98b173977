-- Landing: what writers sent, as they sent it, with the projects and their rules. Append-only; partitions of whole days
-- are dropped after retention.
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
    -- A merging event that would move more distinct ids than this is refused; null: none is.
    merge_move_limit bigint default 10000,
    -- Whether a $merge_dangerously that a client sent to capture may merge an identified person away. Its token stands
    -- in every page, so if it may not, the merge waits for a person's decision (warehouse.refused_merges).
    is_client_merge_allowed boolean not null default false,
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
-- not fail the INSERT of the good events with it.
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
    -- It came through capture, with a token that is public: whoever sent it is not known. Other writers cannot set it.
    is_captured boolean not null default false,
    -- The position (xid, landing_id) is the order of arrival. received_at is in the key because partitions need it.
    primary key (xid, landing_id, received_at)
) partition by range (received_at);

-- Files that are taken out again, and erasures: a batch ends before such a row, and the next one has nothing else.
create index event_of_own_batch on landing.event (xid, landing_id)
where is_operator and event in ('$withdraw_file', '$erase');

-- Takes rows whose day has no partition yet, so that a late maintenance run never fails a writer.
create table landing.event_default partition of landing.event default;

-- The tokens that SDKs send, each standing for its project.
create table landing.project_token (
    -- SHA-256 of a token: whoever reads this table, or a dump of it, cannot send events with it.
    token_hash bytea primary key check (length(token_hash) = 32),
    team_id bigint not null references landing.project (team_id),
    -- The last characters, to tell tokens apart.
    hint text not null,
    created_at timestamptz not null default now(),
    -- Null: it is valid forever. In the past: no longer.
    expires_at timestamptz
);

-- Properties that never reach landing, or only as a keyed hash of their value.
create table landing.project_privacy (
    team_id bigint primary key references landing.project (team_id),
    dropped_properties text[] not null default '{}',
    hashed_properties text[] not null default '{}',
    -- The same value gives the same hash within a project and another one in the next. 244 random bits.
    hash_key bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
);

-- Writers insert the columns that are a client's and no others, so arrival and position cannot be forged. event_capture
-- is no member of event_writer: memberships are no part of a dump.
grant usage on schema landing to event_writer, event_capture, event_lander;
grant usage on sequence landing.event_landing_id to event_writer, event_capture, event_lander;
grant insert (team_id, uuid, event, distinct_id, properties, "timestamp", sent_at, ip) on landing.event
to event_writer, event_capture, event_lander;
grant insert (is_captured) on landing.event to event_capture;
grant select on landing.project, landing.project_token, landing.project_privacy to event_capture;
-- A file's rows are known by their positions.
grant select on landing.project to event_lander;
grant select (xid, landing_id) on landing.event to event_lander;
