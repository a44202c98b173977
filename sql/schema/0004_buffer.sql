-- Buffer: the held events, and what became of them. A row points at landing; the payload stays there.
create schema buffer;

create table buffer.event (
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    event text not null,
    "timestamp" timestamptz not null,
    xid xid8 not null,
    landing_id bigint not null,
    received_at timestamptz not null,
    arrived_at timestamptz not null,
    due_at timestamptz not null,
    has_property_operations boolean not null,
    is_rewritten boolean not null,
    lift_shape bigint not null,
    -- Of the properties as landed.
    payload_hash bigint,
    held_by_batch_id bigint not null,
    primary key (team_id, distinct_id, uuid, event)
);

comment on table buffer.event is
'Events that are held now, because nobody knows yet who their distinct id is; the payload stays in landing.event. '
'Released at due_at at the latest, by the arrival clock';

create index event_by_due on buffer.event (due_at);

create table buffer.released_event (
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    event text not null,
    landing_id bigint not null,
    arrived_at timestamptz not null,
    due_at timestamptz not null,
    released_at timestamptz not null,
    held_by_batch_id bigint not null,
    released_by_batch_id bigint not null,
    -- A person was found in the meantime; false: the hold ran out and the event made its person itself.
    is_rescued boolean not null,
    -- The event that gave the distinct id its person.
    released_by_uuid uuid not null,
    primary key (team_id, distinct_id, uuid, event)
);

comment on table buffer.released_event is
'What became of each event that was held: is_rescued says whether its id gained a person in the meantime';

create index released_event_by_batch on buffer.released_event (released_by_batch_id);
