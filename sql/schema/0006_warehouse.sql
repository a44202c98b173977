-- Warehouse: tables are singular and hold what was loaded; the plural views are what readers use.
create schema warehouse;

create table warehouse.stored_event (
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    event text not null,
    -- Event time: the client's clock corrected by its own sent_at.
    "timestamp" timestamptz not null,
    -- The person when the row was loaded; readers see it resolved through person_override. Null: a $groupidentify whose
    -- id had none; readers see the one that it has by now.
    person_id uuid,
    -- full: processed with a person. propertyless: personless. force_upgrade: sent personless although its id has had
    -- a person for over a minute.
    person_mode text not null check (person_mode in ('full', 'propertyless', 'force_upgrade')),
    -- As landed, without what is kept in columns of its own or must not be kept: see ops.stored_properties.
    properties jsonb not null,
    -- The elements of an $autocapture, from the innermost out; null where the event has none.
    elements_chain text,
    -- Its $set, $set_once and $unset count, and what it lifts does: a split folds them again.
    has_property_operations boolean not null,
    is_lifted boolean not null,
    ip text,
    -- When the client sent it, by its own clock and as it wrote it.
    sent_at text,
    received_at timestamptz not null,
    batch_id bigint not null,
    -- Position in landing.
    xid xid8 not null,
    landing_id bigint not null,
    -- ops.stored_event_hash of the row, when it was written.
    row_hash bigint not null
) partition by range ("timestamp");

-- Whoever replicates the tables (`create publication ... for all tables`) must not stop the updates of splits and
-- squashes: without a key PostgreSQL refuses them. Partitions do not inherit it; see ops.ensure_day_partition.
alter table warehouse.stored_event replica identity full;

create index stored_event_by_distinct_id on warehouse.stored_event (team_id, distinct_id, "timestamp");
create index stored_event_by_event on warehouse.stored_event (team_id, event, "timestamp");
-- Batches are loaded one after the other, so a few bytes a block range find the events of the newest.
create index stored_event_by_batch on warehouse.stored_event
using brin (batch_id) with (autosummarize = on, pages_per_range = 32);

-- Event times that no client can have meant (years back, or a broken clock) do not get a partition each.
create table warehouse.stored_event_default partition of warehouse.stored_event default;
alter table warehouse.stored_event_default replica identity full;

-- Every event ever loaded, whatever its day: "exactly once" over the whole retention. The name belongs to it, as in
-- PostHog: some clients use one uuid for several events. uuid comes first so that uuids made in time order stay near
-- each other in the index, and so that an event can be found by its uuid.
create table warehouse.event_key (
    team_id bigint not null,
    uuid uuid not null,
    distinct_id text not null,
    event text not null,
    "timestamp" timestamptz not null,
    primary key (team_id, uuid, distinct_id, event)
);

create table warehouse.person (
    team_id bigint not null,
    -- The distinct id that the person's id is derived from (UUIDv5 of team:distinct_id).
    distinct_id text not null,
    person_id uuid not null,
    is_identified boolean not null,
    created_at timestamptz not null,
    properties jsonb not null default '{}',
    -- Per key the times behind the value, see etl/rules/properties.py.
    property_state jsonb not null default '{}',
    -- Which device keys it has a first value of, and when the latest of these was said: an ordinary event after that
    -- with only such keys changes nothing.
    lifted_mask bigint not null default 0,
    lifted_at timestamptz not null default '0001-01-01 00:00:00+00',
    -- Always the living person, never a chain.
    merged_into uuid,
    created_by_uuid uuid not null,
    updated_at timestamptz not null,
    primary key (team_id, distinct_id)
);

create index person_by_id on warehouse.person (team_id, person_id);
create index person_by_survivor on warehouse.person (team_id, merged_into) where merged_into is not null;

create table warehouse.person_distinct_id (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    -- Seen in personless events only: the id its person would have, and no person.
    is_personless boolean not null,
    -- The event that tied the id to its first person.
    tied_by_uuid uuid not null,
    -- The earliest time of its events, a $groupidentify aside; null: none yet. Kept by id, because ids move.
    first_seen_at timestamptz,
    updated_at timestamptz not null,
    primary key (team_id, distinct_id)
);

create index person_distinct_id_by_person on warehouse.person_distinct_id (team_id, person_id);

-- Rows loaded with old_person_id belong to person_id: one hop, upheld by every load, folded away by maintenance.
create table warehouse.person_override (
    team_id bigint not null,
    old_person_id uuid not null,
    person_id uuid not null,
    batch_id bigint not null,
    primary key (team_id, old_person_id)
);

create index person_override_by_person on warehouse.person_override (team_id, person_id);

create table warehouse.merge (
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    source_distinct_id text not null,
    event text not null,
    "timestamp" timestamptz not null,
    arrived_at timestamptz not null,
    xid xid8 not null,
    landing_id bigint not null,
    batch_id bigint not null,
    -- created: neither id had a person; attached: one had; merged: two became one; no-op: one already; split: the
    -- event's id left the person of the other one; refused: see reason.
    outcome text not null check (outcome in ('created', 'attached', 'merged', 'no-op', 'split', 'refused')),
    -- The persons of the two ids just before the event, null where there was none, and the target's just after.
    target_person_id uuid,
    source_person_id uuid,
    person_id uuid not null,
    reason text,
    -- Anybody may have sent it, and its project did not trust that: see landing.project.
    is_from_client boolean not null,
    primary key (team_id, distinct_id, uuid, event)
);

create index merge_by_batch on warehouse.merge using brin (batch_id) with (autosummarize = on);
-- Who was who: the walk from an id through the persons it had needs the merges by the other id and by the lost person.
create index merge_by_source on warehouse.merge (team_id, source_distinct_id);
create index merge_by_source_person on warehouse.merge (team_id, source_person_id) where outcome in ('merged', 'split');
create index merge_by_refusal on warehouse.merge (team_id, arrived_at) where outcome = 'refused';

-- A group: a company, a project, whatever its type says; $groupidentify writes its properties.
create table warehouse.group_profile (
    team_id bigint not null,
    group_type text not null,
    group_key text not null,
    created_at timestamptz not null,
    properties jsonb not null,
    -- Per key the times behind the value, see etl/rules/properties.py.
    property_state jsonb not null,
    updated_at timestamptz not null,
    primary key (team_id, group_type, group_key)
);

-- An action: a name for "any of these steps happened". As decided last; ops.action_decision has the history.
create table warehouse.action (
    action_id bigint generated always as identity primary key,
    team_id bigint not null,
    name text not null,
    is_enabled boolean not null,
    -- The steps as they were written, for people and to compare; warehouse.action_step is what counts.
    steps jsonb not null,
    unique (team_id, name)
);

-- A step of an enabled action: all of its conditions together. What is null is no condition.
create table warehouse.action_step (
    step_id bigint generated always as identity primary key,
    team_id bigint not null,
    action_id bigint not null references warehouse.action,
    event text,
    -- Conditions on the elements; whether they hold says warehouse.matched_chain.
    selector text,
    tag_name text,
    text text,
    text_matching text not null check (text_matching in ('exact', 'contains', 'regex')),
    href text,
    href_matching text not null check (href_matching in ('exact', 'contains', 'regex')),
    has_elements boolean not null generated always as (
        selector is not null or tag_name is not null or text is not null or href is not null
    ) stored,
    url text,
    url_matching text not null check (url_matching in ('exact', 'contains', 'regex')),
    has_event_filters boolean not null,
    has_person_filters boolean not null
);

-- A filter of a step, on a property of the event, or of its person as it is now: see ops.meets_filter.
create table warehouse.action_filter (
    filter_id bigint generated always as identity primary key,
    step_id bigint not null references warehouse.action_step on delete cascade,
    is_of_person boolean not null,
    key text not null,
    operator text not null,
    -- What is asked for, ready to be compared: texts, patterns for like, or regular expressions; and the numbers.
    texts text[] not null,
    numbers numeric[] not null
);

create index action_filter_by_step on warehouse.action_filter (step_id);
create index action_step_by_action on warehouse.action_step (action_id);

-- Each chain of elements that an event has, by its hash, and the steps whose conditions on elements it meets. Kept
-- while some step has such conditions: filled when actions change, and by each batch with the chains that are new.
create table warehouse.matched_chain (
    chain_hash bigint primary key,
    step_ids bigint[] not null
);

-- Whoever reads results reads these tables; views grant their own.
grant usage on schema warehouse to auditor;
grant select on all tables in schema warehouse to auditor;
-- `etl land --check` counts what is loaded already.
grant usage on schema warehouse to event_lander;
grant select on warehouse.event_key to event_lander;  -- noqa: PRS
