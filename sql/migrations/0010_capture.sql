-- Capture: the tokens that SDKs send, what a project keeps to itself, and the role that lands requests.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table landing.project_token (
    -- SHA-256 of a token: whoever reads this table, or a dump of it, cannot send events with it.
    token_hash bytea primary key check (length(token_hash) = 32),
    team_id bigint not null references landing.project (team_id),
    -- The last characters, to tell tokens apart.
    hint text not null,
    created_at timestamptz not null default now(),
    -- Null: for ever. In the past: no longer.
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

-- Whoever may do what a writer may, and reads the projects' tokens and rules: nothing else is needed to land requests.
do $$
begin
    if not exists (select from pg_roles where rolname = 'event_capture') then
        begin
            create role event_capture nologin;
        exception
            when duplicate_object or unique_violation then null;
        end;
    end if;
end;
$$;

-- Not as a member of event_writer: memberships are no part of a dump.
grant usage on schema landing to event_capture;
grant usage on sequence landing.event_landing_id to event_capture;
grant insert (team_id, uuid, event, distinct_id, properties, "timestamp", sent_at, ip) on landing.event
to event_capture;
grant select on landing.project, landing.project_token, landing.project_privacy to event_capture;
