-- Staging: the plan of the one open batch. Unlogged: a crash of the server empties it, and the next run stages again.
create schema staging;

-- Which batch the plan belongs to and how far it is. Gone after a crash, and so is the rest.
create unlogged table staging.progress (
    batch_id bigint not null,
    step text not null,
    -- The run that works on it, by the transaction in which it said so.
    claim bigint
);

create unlogged table staging.event (
    -- Place in the batch by position, from 1.
    ordinal bigint not null,
    xid xid8 not null,
    landing_id bigint not null,
    received_at timestamptz not null,
    -- The arrival clock at this row: the newest received_at up to here.
    arrived_at timestamptz not null,
    team_id bigint,
    uuid uuid,
    "timestamp" timestamptz not null,
    -- Never held: it gives its id a person at once. Anonymous, of a mobile SDK, or a session recording.
    is_immediate boolean not null,
    is_identify boolean not null,
    is_merging boolean not null,
    is_personless boolean not null,
    -- Personless unless its id has a person when it arrives: $groupidentify, and $feature_flag_called where the project
    -- says so.
    is_personless_by_default boolean not null,
    -- It came through capture.
    is_captured boolean not null,
    -- The client said personless; if its id has had a person for over a minute, the row has that person's properties.
    may_upgrade boolean not null,
    person_mode text not null,
    has_property_operations boolean not null,
    -- What it lifts to its person: ops.device_shape, ops.campaign_shape and ops.lift_is_set together; 0: nothing.
    lift_shape bigint not null,
    -- Its payload is not stored as it landed: see ops.stored_properties.
    is_rewritten boolean not null,
    -- The rule that refuses it, if any: see resolve/exclude_refused.sql.
    refusal text,
    has_invalid_property_operations boolean not null,
    -- What has no fixed width comes after what has: the flags, which every pass reads, are found without reading it.
    event text,
    distinct_id text,
    -- The other id that the event names; it counts where is_merging is true.
    other_id text,
    -- What the gate looks at: see expectations/staged_event.json.
    is_team_known boolean not null,
    uuid_status text not null,
    event_length bigint,
    distinct_id_length bigint,
    other_id_length bigint,
    timestamp_status text not null,
    sent_at_status text not null,
    properties_type text not null,
    properties_bytes bigint not null,
    other_id_status text not null,
    personless_status text not null,
    clock_skew_seconds double precision,
    -- For the audit: of its properties as landed, and of the whole row.
    payload_hash bigint,
    landing_hash bigint not null
);

-- Rows that will not be loaded, and why.
create unlogged table staging.excluded (
    landing_id bigint primary key,
    kind text not null check (kind in ('quarantined', 'duplicate')),
    reasons jsonb,
    -- The row of the same batch that a duplicate repeats.
    first_landing_id bigint
);

create unlogged table staging.expectation_result (like ops.expectation_result);

create unlogged table staging.batch_project (like ops.batch_project);

create unlogged table staging.warning (
    landing_id bigint not null,
    type text not null,
    details jsonb not null,
    remedy text not null
);

-- Every distinct id that the batch or the buffer names, and its person once known.
create unlogged table staging.distinct_id (
    team_id bigint not null,
    distinct_id text not null,
    -- Null: no person yet. Its events are held, unless they are personless.
    person_id uuid,
    personless_person_id uuid,
    -- What gave it the person in this batch: merge, event, hold_expired; null: it had it before.
    cause text,
    cause_uuid uuid,
    known_first_seen_at timestamptz,
    -- Where that is earlier than what was known.
    first_seen_at timestamptz
);

-- What the fold and the births change: persons, ids, overrides, one row each.
create unlogged table staging.person (
    team_id bigint not null,
    person_id uuid not null,
    distinct_id text not null,
    is_new boolean not null,
    is_identified boolean not null,
    created_at timestamptz not null,
    merged_into uuid,
    created_by_uuid uuid not null
);

-- Ordinary events that give their distinct id a person, unless it has one by then: per id the first at once, the first
-- held.
create unlogged table staging.birth (
    team_id bigint not null,
    distinct_id text not null,
    is_hold boolean not null,
    -- When, by the arrival clock.
    born_at timestamptz not null,
    -- 0 for an event held by an earlier batch.
    ordinal bigint not null,
    "timestamp" timestamptz not null,
    uuid uuid not null
);

create unlogged table staging.override (
    team_id bigint not null,
    old_person_id uuid not null,
    person_id uuid not null
);

create unlogged table staging.tie (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    cause text not null,
    cause_uuid uuid not null
);

-- The person id that a distinct id implies (UUIDv5), for ids whose person is born now or that are used without one.
create unlogged table staging.implied_person (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    is_personless boolean not null
);

create unlogged table staging.merge (
    landing_id bigint not null,
    outcome text not null,
    target_person_id uuid,
    source_person_id uuid,
    person_id uuid not null,
    reason text
);

-- Distinct ids that splits of the batch have taken out of their person, and the person each has in the end.
create unlogged table staging.split (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    cause_uuid uuid not null
);

-- Persons that splits of the batch have made or brought back to life.
create unlogged table staging.revived_person (
    team_id bigint not null,
    person_id uuid not null,
    -- The person that its other ids went to meanwhile; null: it had none.
    moved_to uuid
);

-- Persons that have lost or gained ids by a split: their properties are folded again.
create unlogged table staging.refolded_person (
    team_id bigint not null,
    person_id uuid not null
);

-- Written once and read once, so its rows are not packed in between.
create unlogged table staging.person_property (
    team_id bigint not null,
    person_id uuid not null,
    properties jsonb not null,
    property_state text not null,
    lifted_mask bigint not null,
    lifted_at timestamptz not null
) with (toast_tuple_target = 8160);

create unlogged table staging.group_profile (
    team_id bigint not null,
    group_type text not null,
    group_key text not null,
    created_at timestamptz not null,
    properties jsonb not null,
    property_state text not null
);

-- Events that may change the properties of their person, released ones too.
create unlogged table staging.property_event (
    team_id bigint not null,
    person_id uuid not null,
    stamped_at timestamptz not null,
    received_at timestamptz not null,
    xid xid8 not null,
    landing_id bigint not null,
    is_forced boolean not null,
    has_property_operations boolean not null,
    lift_shape bigint not null
);

-- Of a batch that withdraws a file: where the file's rows stand in landing, those of them that were taken in, and the
-- distinct ids and groups that are worked out again without them.
create unlogged table staging.withdrawn_range (
    xid xid8 not null,
    first_landing_id bigint not null,
    last_landing_id bigint not null
);

create unlogged table staging.withdrawn_event (
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    event text not null,
    "timestamp" timestamptz not null,
    batch_id bigint not null,
    landing_id bigint not null
);

create unlogged table staging.withdrawn_id (
    team_id bigint not null,
    distinct_id text not null,
    -- The id of the person named after it.
    person_id uuid not null,
    primary key (team_id, distinct_id)
);

create unlogged table staging.withdrawn_group (
    team_id bigint not null,
    group_type text not null,
    group_key text not null
);

-- Of a batch that erases: the ids with what stands there from now on, the events of these ids and those that name one,
-- and by what digests of other batches change.
create unlogged table staging.erased_id (
    team_id bigint not null,
    former_distinct_id text not null,
    former_person_id uuid not null,
    distinct_id text not null,
    person_id uuid not null,
    primary key (team_id, former_distinct_id)
);

create unlogged table staging.erased_event (
    landing_id bigint primary key,
    -- naming: another one's event, which names one of the ids.
    kind text not null check (kind in ('loaded', 'held', 'refused', 'duplicate', 'naming')),
    team_id bigint not null,
    former_distinct_id text not null,
    distinct_id text not null,
    xid xid8 not null,
    received_at timestamptz not null,
    -- Null: it is not in the warehouse.
    "timestamp" timestamptz,
    event text,
    -- What is left of the payload.
    properties jsonb,
    -- What an event that names one names from now on.
    other_id text
);

create unlogged table staging.amendment (
    batch_id bigint not null,
    -- As in ops.batch.digests.
    name text not null,
    events bigint not null,
    digest bigint not null
);

-- The chains of elements of the batch's events, while some action has conditions on elements; each session of load adds
-- what it writes, so a chain may be here several times.
create unlogged table staging.elements_chain (
    chain_hash bigint not null,
    chain text not null
);

-- In a database for a replay by other rules: who is who in the replay by today's (etl what-if).
create unlogged table staging.replayed_id (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null
);

-- The events that retention drops now, and what they say of their ids and of groups.
create unlogged table staging.dropped_event (
    team_id bigint not null,
    distinct_id text not null,
    "timestamp" timestamptz not null,
    landing_id bigint not null,
    primary key (team_id, distinct_id, "timestamp", landing_id)
);

create unlogged table staging.dropped_id (
    team_id bigint not null,
    distinct_id text not null,
    property_state text not null,
    primary key (team_id, distinct_id)
);

create unlogged table staging.dropped_group (
    team_id bigint not null,
    group_type text not null,
    group_key text not null,
    created_at timestamptz not null,
    property_state text not null,
    primary key (team_id, group_type, group_key)
);

-- The overrides that maintenance folds away now.
create unlogged table staging.squash (
    team_id bigint not null,
    old_person_id uuid not null,
    primary key (team_id, old_person_id)
);

-- Rows of one table of a project that comes from another shard: see ops.insert_project_rows.
create unlogged table staging.moved_row (
    line jsonb not null
);
-- Read once and deleted: to pack it costs more than it saves.
alter table staging.moved_row alter column line set storage external;

-- Autovacuum looks at a moment of its own: it finds a table empty that a step fills in one transaction, and from then
-- on the planner expects one row and joins by reading the other table once for each row there is. Statistics of staging
-- are what a step takes of what it has just written; without any, the planner goes by the table's size.
do $$
declare
    name regclass;
begin
    for name in
        select c.oid
        from pg_class as c
        where c.relnamespace = 'staging'::regnamespace and c.relkind = 'r'
    loop
        execute format('alter table %s set (autovacuum_enabled = false)', name);
    end loop;
end;
$$;
