-- Files: which were landed and how far, so that one that was interrupted goes on where it stopped.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table ops.landed_file (
    team_id bigint not null,
    -- Of the file as it is stored, so that its name and place do not matter.
    sha256 text not null check (length(sha256) = 64),
    name text not null,
    bytes bigint not null,
    -- What was read of it so far, readable or not: the place to go on from.
    records bigint not null default 0,
    landed bigint not null default 0,
    unreadable bigint not null default 0,
    -- The first of the unreadable: place, reason, first characters.
    unreadable_examples jsonb not null default '[]',
    started_at timestamptz not null default now(),
    -- Null: being landed just now, or interrupted.
    landed_at timestamptz,
    primary key (team_id, sha256)
);

grant select on ops.landed_file to auditor;
