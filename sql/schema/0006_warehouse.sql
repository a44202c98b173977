-- Warehouse: tables are singular and hold what was loaded; the plural views are what readers use.
create schema warehouse;
comment on schema warehouse is 'Events, persons and groups as loaded; the views, with plural names, are what to read';

create table warehouse.stored_event (
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    event text not null,
    "timestamp" timestamptz not null,
    person_id uuid,
    person_mode text not null check (person_mode in ('full', 'propertyless', 'force_upgrade')),
    -- See ops.stored_properties.
    properties jsonb not null,
    elements_chain text,
    has_property_operations boolean not null,
    is_lifted boolean not null,
    ip text,
    sent_at text,
    received_at timestamptz not null,
    batch_id bigint not null,
    xid xid8 not null,
    landing_id bigint not null,
    row_hash bigint not null
) partition by range ("timestamp");

comment on table warehouse.stored_event is
'The events as loaded, a partition a day of timestamp (UTC); read warehouse.events, which knows merges and open '
'batches';
comment on column warehouse.stored_event.team_id is 'The project';
comment on column warehouse.stored_event.distinct_id is 'Whose event it is, as sent: a user''s id, or a device''s';
comment on column warehouse.stored_event.uuid is 'The event''s uuid, as sent; with name and distinct id its identity';
comment on column warehouse.stored_event.event is 'The event''s name';
comment on column warehouse.stored_event."timestamp" is
'When it happened, UTC: the client''s clock, corrected by its own sent_at';
comment on column warehouse.stored_event.person_id is
'The person when the row was loaded or last squashed; readers see it through person_override. Null: an event about '
'nobody whose id had none';
comment on column warehouse.stored_event.person_mode is
'full: processed with a person; propertyless: sent personless, changes no person; force_upgrade: sent personless '
'although its id had had a person for over a minute';
comment on column warehouse.stored_event.properties is
'As sent, without what has a column of its own (elements) or must not be kept: an address that the project refuses, '
'what a personless event says of persons and groups';
comment on column warehouse.stored_event.elements_chain is
'The clicked elements of an $autocapture from the innermost out, as PostHog writes them; null where there are none';
comment on column warehouse.stored_event.has_property_operations is
'Its $set, $set_once and $unset count: a split folds them again';
comment on column warehouse.stored_event.is_lifted is 'What it lifts to its person counts: a split folds it again';
comment on column warehouse.stored_event.ip is 'The client''s address; null unless the project keeps addresses';
comment on column warehouse.stored_event.sent_at is
'When the client sent it, by its own clock and as it wrote it; null where it did not say';
comment on column warehouse.stored_event.received_at is 'When the event arrived in landing, by the server''s clock';
comment on column warehouse.stored_event.batch_id is 'The batch that loaded it: ops.batch';
comment on column warehouse.stored_event.xid is
'The transaction that landed it: with landing_id its position in landing';
comment on column warehouse.stored_event.landing_id is 'Its row in landing.event, increasing by arrival';
comment on column warehouse.stored_event.row_hash is
'ops.stored_event_hash of the row when it was written; the audit computes it again';

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

comment on table warehouse.event_key is
'The identity of every event that was ever loaded, so that none is loaded twice';
comment on column warehouse.event_key.team_id is 'The project';
comment on column warehouse.event_key.uuid is 'The event''s uuid, as sent; with name and distinct id its identity';
comment on column warehouse.event_key.distinct_id is 'Whose event it is, as sent: a user''s id, or a device''s';
comment on column warehouse.event_key.event is 'The event''s name';
comment on column warehouse.event_key."timestamp" is
'When it happened, UTC: the client''s clock, corrected by its own sent_at; names the partition that has the event';

create table warehouse.person (
    team_id bigint not null,
    distinct_id text not null,
    -- UUIDv5 of team:distinct_id.
    person_id uuid not null,
    is_identified boolean not null,
    created_at timestamptz not null,
    properties jsonb not null default '{}',
    -- See etl/rules/properties.py.
    property_state text not null default '{}',
    lifted_mask bigint not null default 0,
    lifted_at timestamptz not null default '0001-01-01 00:00:00+00',
    merged_into uuid,
    created_by_uuid uuid not null,
    updated_at timestamptz not null,
    primary key (team_id, distinct_id)
);

comment on table warehouse.person is 'The persons, merged ones too; read warehouse.persons';
comment on column warehouse.person.team_id is 'The project';
comment on column warehouse.person.distinct_id is 'The distinct id that the person''s id is made from';
comment on column warehouse.person.person_id is
'The person''s id, made from the distinct id that it began with (UUIDv5), so that it is the same in every rebuild';
comment on column warehouse.person.is_identified is
'A merging event or a split has said who it is, so no later $identify or alias merges it away';
comment on column warehouse.person.created_at is
'The time of the event that made the person, which need not be its earliest';
comment on column warehouse.person.properties is 'What its events have set, the newest by event time';
comment on column warehouse.person.property_state is
'Per key the times behind the value, so that late events are harmless';
comment on column warehouse.person.lifted_mask is 'Which device keys it has a first value of, a bit each';
comment on column warehouse.person.lifted_at is
'When the latest of these was said: an ordinary event after that with only such keys changes nothing';
comment on column warehouse.person.merged_into is 'The living person that it has become, never a chain; null: it lives';
comment on column warehouse.person.created_by_uuid is 'The event that made it';
comment on column warehouse.person.updated_at is 'When a batch last changed it';

create index person_by_id on warehouse.person (team_id, person_id);
create index person_by_survivor on warehouse.person (team_id, merged_into) where merged_into is not null;

create table warehouse.person_distinct_id (
    team_id bigint not null,
    distinct_id text not null,
    person_id uuid not null,
    is_personless boolean not null,
    tied_by_uuid uuid not null,
    first_seen_at timestamptz,
    updated_at timestamptz not null,
    primary key (team_id, distinct_id)
);

comment on table warehouse.person_distinct_id is
'Which person each distinct id belongs to, personless ids too; read warehouse.person_distinct_ids';
comment on column warehouse.person_distinct_id.team_id is 'The project';
comment on column warehouse.person_distinct_id.distinct_id is 'A user''s id, or a device''s';
comment on column warehouse.person_distinct_id.person_id is 'The living person that it belongs to now';
comment on column warehouse.person_distinct_id.is_personless is
'Seen in personless events only: person_id is the id that its person would have, and there is no person';
comment on column warehouse.person_distinct_id.tied_by_uuid is 'The event that tied the id to its first person';
comment on column warehouse.person_distinct_id.first_seen_at is
'The earliest time of its events, a $groupidentify aside; null: none yet. Kept by id, because ids move';
comment on column warehouse.person_distinct_id.updated_at is 'When its person last changed';

create index person_distinct_id_by_person on warehouse.person_distinct_id (team_id, person_id);

-- Rows loaded with old_person_id belong to person_id: one hop, upheld by every load, folded away by maintenance.
create table warehouse.person_override (
    team_id bigint not null,
    old_person_id uuid not null,
    person_id uuid not null,
    batch_id bigint not null,
    primary key (team_id, old_person_id)
);

comment on table warehouse.person_override is
'Persons of loaded rows that have become another one, until maintenance has written that into the rows';
comment on column warehouse.person_override.team_id is 'The project';
comment on column warehouse.person_override.old_person_id is 'The person that rows were loaded with';
comment on column warehouse.person_override.person_id is 'The living person that these rows belong to now';
comment on column warehouse.person_override.batch_id is 'The batch that made it so';

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
    outcome text not null check (outcome in ('created', 'attached', 'merged', 'no-op', 'split', 'refused')),
    target_person_id uuid,
    source_person_id uuid,
    person_id uuid not null,
    reason text,
    is_from_client boolean not null,
    primary key (team_id, distinct_id, uuid, event)
);

comment on table warehouse.merge is 'One row a merging event: what it did to which persons; read warehouse.merges';
comment on column warehouse.merge.team_id is 'The project';
comment on column warehouse.merge.distinct_id is 'The event''s own distinct id, whose person stays';
comment on column warehouse.merge.uuid is 'The event''s uuid, as sent; with name and distinct id its identity';
comment on column warehouse.merge.source_distinct_id is 'The other id that the event names';
comment on column warehouse.merge.event is 'The event''s name: $identify, $create_alias, $merge_dangerously, $split';
comment on column warehouse.merge."timestamp" is
'When it happened, UTC: the client''s clock, corrected by its own sent_at';
comment on column warehouse.merge.arrived_at is
'When it arrived, by the arrival clock, which never goes back: merges count in this order';
comment on column warehouse.merge.xid is 'The transaction that landed it: with landing_id its position in landing';
comment on column warehouse.merge.landing_id is 'Its row in landing.event, increasing by arrival';
comment on column warehouse.merge.batch_id is 'The batch that loaded it: ops.batch';
comment on column warehouse.merge.outcome is
'created: neither id had a person; attached: one had; merged: two became one; no-op: one already; split: distinct_id '
'left the person of source_distinct_id; refused: see reason';
comment on column warehouse.merge.target_person_id is
'The person of distinct_id just before the event; null: it had none';
comment on column warehouse.merge.source_person_id is
'The person of source_distinct_id just before the event; null: it had none';
comment on column warehouse.merge.person_id is 'The person of distinct_id just after the event, as it was then';
comment on column warehouse.merge.reason is 'Why it was refused; null unless refused';
comment on column warehouse.merge.is_from_client is
'Anybody may have sent it, and its project did not trust that: landing.project.is_client_merge_allowed';

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
    -- See etl/rules/properties.py.
    property_state text not null,
    updated_at timestamptz not null,
    primary key (team_id, group_type, group_key)
);

comment on table warehouse.group_profile is 'Groups (companies, projects) with their properties; read warehouse.groups';
comment on column warehouse.group_profile.team_id is 'The project';
comment on column warehouse.group_profile.group_type is 'What kind of group: company, project';
comment on column warehouse.group_profile.group_key is 'Which one, as events name it in $groups';
comment on column warehouse.group_profile.created_at is 'The time of the first event that described it, UTC';
comment on column warehouse.group_profile.properties is 'What $groupidentify events have set, the newest by event time';
comment on column warehouse.group_profile.property_state is
'Per key the times behind the value, so that late events are harmless';
comment on column warehouse.group_profile.updated_at is 'When a batch last changed it';

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

-- A cohort: a name for persons, by conditions or as a list of distinct ids. As decided last; ops.cohort_decision has
-- the history. Who belongs to it is worked out while reading: ops.cohort_persons.
create table warehouse.cohort (
    cohort_id bigint generated always as identity primary key,
    team_id bigint not null,
    name text not null,
    is_enabled boolean not null,
    -- As it was written, for people and to compare; of a list of distinct ids only how many they are.
    definition jsonb not null,
    unique (team_id, name)
);

-- What an enabled cohort asks of a person: a filter on a property of the person as it is now, something done how often
-- within how long, or one of the ids in warehouse.cohort_distinct_id.
create table warehouse.cohort_condition (
    condition_id bigint generated always as identity primary key,
    cohort_id bigint not null references warehouse.cohort,
    team_id bigint not null,
    -- A filter: see ops.meets_filter.
    key text,
    operator text,
    texts text[],
    numbers numeric[],
    -- What was done: an event, or an action.
    event text,
    action_id bigint references warehouse.action,
    within interval,
    times_operator text check (times_operator in ('gte', 'gt', 'lte', 'lt', 'exact')),
    times bigint,
    check (num_nonnulls(key, event, action_id) <= 1),
    check (num_nonnulls(key, operator, texts, numbers) in (0, 4)),
    check (num_nonnulls(within, times_operator, times) = 3 * num_nonnulls(event, action_id))
);

create index cohort_condition_by_cohort on warehouse.cohort_condition (cohort_id);

-- A way to belong to a cohort: all of its needed conditions hold, and none of the excluded ones.
create table warehouse.cohort_alternative (
    alternative_id bigint generated always as identity primary key,
    cohort_id bigint not null references warehouse.cohort,
    needed bigint[] not null,
    excluded bigint[] not null
);

create index cohort_alternative_by_cohort on warehouse.cohort_alternative (cohort_id);

-- The list of a cohort that is one.
create table warehouse.cohort_distinct_id (
    cohort_id bigint not null references warehouse.cohort,
    distinct_id text not null,
    primary key (cohort_id, distinct_id)
);

comment on table warehouse.action is
'An action: a name for events that any of its steps finds; read warehouse.action_events';
comment on column warehouse.action.action_id is 'The action''s number';
comment on column warehouse.action.team_id is 'The project';
comment on column warehouse.action.name is 'Its name, one action each in a project';
comment on column warehouse.action.is_enabled is 'Whether its events are counted';
comment on column warehouse.action.steps is
'The steps as they were written, for people; warehouse.action_step is what counts';
comment on table warehouse.action_step is
'The steps of enabled actions: all conditions of one together; null is no condition';
comment on column warehouse.action_step.step_id is 'The step''s number';
comment on column warehouse.action_step.team_id is 'The project';
comment on column warehouse.action_step.action_id is 'Whose step it is';
comment on column warehouse.action_step.event is 'The event''s name; null: any';
comment on column warehouse.action_step.selector is 'A CSS selector that one of the event''s elements meets';
comment on column warehouse.action_step.tag_name is 'A tag that one of the elements has';
comment on column warehouse.action_step.text is 'The text of one of the elements';
comment on column warehouse.action_step.text_matching is 'How the text is compared';
comment on column warehouse.action_step.href is 'The link of one of the elements';
comment on column warehouse.action_step.href_matching is 'How the link is compared';
comment on column warehouse.action_step.has_elements is
'It has conditions on elements; whether they hold says warehouse.matched_chain';
comment on column warehouse.action_step.url is 'The address of the page';
comment on column warehouse.action_step.url_matching is
'How the address is compared; in contains, % stands for any text';
comment on column warehouse.action_step.has_event_filters is 'It has filters on properties of the event';
comment on column warehouse.action_step.has_person_filters is 'It has filters on properties of the person';
comment on table warehouse.action_filter is
'The filters of steps: each on one property of the event, or of its person as of now';
comment on column warehouse.action_filter.filter_id is 'The filter''s number';
comment on column warehouse.action_filter.step_id is 'Whose filter it is';
comment on column warehouse.action_filter.is_of_person is 'On a property of the person, else of the event';
comment on column warehouse.action_filter.key is 'The property''s name';
comment on column warehouse.action_filter.operator is 'How it is compared: exact, icontains, gt and so on';
comment on column warehouse.action_filter.texts is
'What is asked for: texts, patterns for like, or regular expressions';
comment on column warehouse.action_filter.numbers is 'What is asked for as numbers, where it can be read so';
comment on table warehouse.matched_chain is
'The chains of elements that events have, and the steps whose conditions on elements each meets';
comment on column warehouse.matched_chain.chain_hash is 'hashtextextended of the chain';
comment on column warehouse.matched_chain.step_ids is 'The steps';

comment on table warehouse.cohort is
'A cohort: a name for persons, by conditions or as a list of distinct ids; read warehouse.cohort_members';
comment on column warehouse.cohort.cohort_id is 'The cohort''s number';
comment on column warehouse.cohort.team_id is 'The project';
comment on column warehouse.cohort.name is 'Its name, one cohort each in a project';
comment on column warehouse.cohort.is_enabled is 'Whether it is shown to readers';
comment on column warehouse.cohort.definition is
'As it was written, for people; of a list of distinct ids only how many they are';
comment on table warehouse.cohort_condition is
'What enabled cohorts ask of a person: a filter on a property, or something done; all null: to be in the list of ids';
comment on column warehouse.cohort_condition.condition_id is 'The condition''s number';
comment on column warehouse.cohort_condition.cohort_id is 'Whose condition it is';
comment on column warehouse.cohort_condition.team_id is 'The project';
comment on column warehouse.cohort_condition.key is 'The name of a property of the person';
comment on column warehouse.cohort_condition.operator is 'How it is compared: exact, icontains, gt and so on';
comment on column warehouse.cohort_condition.texts is
'What is asked for: texts, patterns for like, or regular expressions';
comment on column warehouse.cohort_condition.numbers is 'What is asked for as numbers, where it can be read so';
comment on column warehouse.cohort_condition.event is 'The event that was done';
comment on column warehouse.cohort_condition.action_id is 'The action that was done';
comment on column warehouse.cohort_condition.within is 'How far back from now it counts';
comment on column warehouse.cohort_condition.times_operator is 'How the number of times is compared';
comment on column warehouse.cohort_condition.times is 'How often';
comment on table warehouse.cohort_alternative is
'The ways to belong to enabled cohorts: all needed conditions hold, and none of the excluded ones';
comment on column warehouse.cohort_alternative.alternative_id is 'Its number';
comment on column warehouse.cohort_alternative.cohort_id is 'The cohort';
comment on column warehouse.cohort_alternative.needed is 'Conditions that hold, all of them';
comment on column warehouse.cohort_alternative.excluded is 'Conditions of which none holds';
comment on table warehouse.cohort_distinct_id is 'The distinct ids of cohorts that are lists';
comment on column warehouse.cohort_distinct_id.cohort_id is 'The cohort';
comment on column warehouse.cohort_distinct_id.distinct_id is 'One of its distinct ids';

-- Whoever reads results reads these tables; views grant their own.
grant usage on schema warehouse to auditor;
grant select on all tables in schema warehouse to auditor;
-- `etl land --check` counts what is loaded already.
grant usage on schema warehouse to event_lander;
grant select on warehouse.event_key to event_lander;  -- noqa: PRS
