-- Ops: the batches with their ledger, the watermark, warnings, results of expectations, what maintenance counts a day,
-- alerts, and what the data quality page shows, summed up batch by batch, so that no page ever reads the events again.
create schema ops;

create table ops.batch (
    batch_id bigint primary key,
    status text not null default 'open' check (status in ('open', 'loaded')),
    -- Bounds: positions after lower up to and with upper.
    lower_xid xid8 not null,
    lower_landing_id bigint not null,
    upper_xid xid8 not null,
    upper_landing_id bigint not null,
    -- The arrival clock is the newest received_at over all positions so far; it never goes back.
    arrival_clock_before timestamptz not null,
    arrival_clock timestamptz not null,
    -- Held events due at or before as_of are released by this batch.
    as_of timestamptz not null,
    hold_seconds double precision not null check (hold_seconds >= 0),
    is_caught_up boolean not null,
    -- The ledger: of what came, what became of it. An open batch has none yet.
    landed bigint not null,
    released bigint,
    loaded bigint,
    held bigint,
    duplicate bigint,
    quarantined bigint,
    is_balanced boolean not null generated always as (
        status = 'open' or coalesce(landed + released = loaded + held + duplicate + quarantined, false)
    ) stored,
    -- Of the released: those whose distinct id gained a person while they waited.
    rescued bigint,
    persons_created bigint,
    persons_merged bigint,
    step_seconds jsonb not null default '{}',
    opened_at timestamptz not null,
    loaded_at timestamptz,
    -- A person decided that nothing of it is to be loaded.
    decision text check (decision = 'quarantined'),
    decided_at timestamptz,
    decided_by text,
    decided_why text,
    -- Recorded with the load: digests of what the batch brought.
    digests jsonb,
    constraint ledger_balances check (is_balanced),
    constraint decision_is_explained check (
        decision is null or (decided_at is not null and decided_by is not null and decided_why is not null)
    )
);

comment on table ops.batch is
'The ledger: one row a batch, from where to where in landing it reaches and what became of each row. landed + '
'released = loaded + held + duplicate + quarantined';
comment on column ops.batch.digests is
'What the batch brought, each as bit_xor of 64-bit hashes. Of (landing_id, uuid, distinct_id, event, timestamp): '
'landed, released, loaded, held, duplicate, quarantined, which balance as the ledger does. Of whole rows: landing, '
'events, merges, warnings, refused, releases, projects, withdrawals. results: md5 of ops.expectation_result';

create table ops.audit_entry (
    -- From 1, without gaps.
    entry_id bigint primary key,
    kind text not null check (kind in ('batch', 'maintenance', 'decision')),
    batch_id bigint unique,
    recorded_at timestamptz not null,
    -- What was done: of a batch ops.batch_text.
    record text not null,
    -- A digest of all rows of each audited table, as it left them.
    state jsonb not null,
    previous_hash text not null,
    hash text not null
);

comment on table ops.audit_entry is
'The audit log: one entry a batch, a run of maintenance or a decision, each hashed together with the one before';
comment on column ops.audit_entry.hash is
'sha256 over ops.audit_text(entry), which begins with the hash of the entry before; etl audit verify computes it again';

create table ops.audit_run (
    run_id bigint generated always as identity primary key,
    verified_at timestamptz not null default now(),
    -- Somebody asked for a part of the batches, so that it says nothing of the others.
    is_period boolean not null,
    -- Null: there was no batch to look at.
    first_batch_id bigint,
    last_batch_id bigint,
    -- The newest entry of the log by then, and its hash.
    entry_id bigint,
    hash text,
    events bigint not null,
    seconds double precision not null,
    -- One object a trouble: batch_id, table, what.
    troubles jsonb not null
);

comment on table ops.audit_run is 'Each time the audit was run: what it checked and what it found';

create unique index batch_one_open on ops.batch (status) where status = 'open';

-- What the gate said of a project's rows in a batch: see expectations/project.json.
create table ops.batch_project (
    batch_id bigint not null,
    team_id bigint not null,
    -- Rows that did not come through capture; of these the refused ones, and those that belong to nobody.
    written bigint not null,
    refused bigint not null,
    without_distinct_id bigint not null,
    captured bigint not null,
    captured_refused bigint not null,
    -- Rows that were fine themselves and went to quarantine with the others.
    withheld bigint not null,
    primary key (team_id, batch_id)
);

comment on table ops.batch_project is
'What the gate said of each project''s rows in a batch; captured: came through etl capture, written: did not; all are '
'numbers of rows';

-- The open batch may have rows in warehouse.stored_event already: see etl/cycle/load.py.
create table ops.written_ahead (
    batch_id bigint primary key
);

comment on table ops.written_ahead is
'For the program: the open batch, once its load has begun: it may have rows in warehouse.stored_event already; views '
'leave these out';

-- One row. Everything up to the position (xid, landing_id) belongs to a loaded batch.
create table ops.watermark (
    is_only boolean primary key default true check (is_only),
    xid xid8 not null,
    landing_id bigint not null,
    arrival_clock timestamptz not null,
    as_of timestamptz not null,
    -- The largest landing_id processed so far: tells rows written after a restore from rows inside the dump.
    newest_landing_id bigint not null,
    -- Added to this server's transaction ids to make them comparable with those in landing (see watermark rebase).
    xid_offset bigint not null,
    -- The server the transaction ids come from, pg_control_system().
    system_identifier bigint not null
);

comment on table ops.watermark is
'For the program: one row; everything up to the position (xid, landing_id) of landing belongs to a loaded batch';

-- One row. The session `pid` may run steps while it holds the advisory lock `key`; see ops.take_cycle_lock.
create table ops.cycle_lock (
    is_only boolean primary key default true check (is_only),
    pid bigint,
    key bigint
);

comment on table ops.cycle_lock is
'For the program: one row; the session pid may run steps while it holds the advisory lock key';

insert into ops.cycle_lock default values;

create table ops.warning (
    team_id bigint,
    distinct_id text,
    uuid text,
    landing_id bigint not null,
    batch_id bigint not null,
    type text not null,
    details jsonb not null,
    remedy text not null,
    primary key (landing_id, type)
);

comment on table ops.warning is
'What was cut, clamped or refused of an event that was loaded anyway; details has the field and its value as '
'sent, remedy says what to do';

create index warning_by_batch on ops.warning (batch_id);

create table ops.expectation_result (
    batch_id bigint not null,
    suite text not null,
    expectation text not null,
    type text not null,
    "column" text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    is_success boolean not null,
    evaluated bigint not null,
    -- A suite that looks at rows has unexpected ones; one that looks at the batch has an observed value.
    unexpected bigint not null,
    observed double precision,
    examples jsonb not null,
    -- Only where it failed.
    reason text,
    remedy text,
    primary key (batch_id, suite, expectation)
);

comment on table ops.expectation_result is
'What each expectation of the gate said of a batch: rows evaluated, rows unexpected, examples';
comment on column ops.expectation_result.reason is 'Only where it failed: what that means';

-- The days that landing does not hold any more, so that missing rows of theirs are no contradiction.
create table ops.dropped_landing (
    day date primary key,
    dropped_at timestamptz not null
);

comment on table ops.dropped_landing is 'The days that landing does not hold any more, by retention';

-- What retention took out of the loaded events, and what of it is still needed: etl/operate/event_retention.py.
create table ops.dropped_events (
    -- Of the events, UTC.
    day date primary key,
    events bigint not null,
    dropped_at timestamptz not null
);

comment on table ops.dropped_events is
'The days (UTC) of which retention has dropped loaded events, and how many; later ones of such a day may be there';

-- Of each distinct id, what its dropped events have said.
create table ops.dropped_id (
    team_id bigint not null,
    distinct_id text not null,
    -- See etl/rules/properties.py.
    property_state text not null default '{}',
    -- Of the events that are about somebody: the earliest time, and the first to arrive. Null: there was none.
    first_seen_at timestamptz,
    first_xid xid8,
    first_landing_id bigint,
    first_uuid uuid,
    primary key (team_id, distinct_id)
);

comment on table ops.dropped_id is
'For the program: what the events of a distinct id that retention has dropped said, so that a split and '
'etl land --undo still work out persons and properties';

-- The first of its dropped events to give an id a person, as in ops.birth: one that does at once, one that is held.
create table ops.dropped_birth (
    team_id bigint not null,
    distinct_id text not null,
    is_hold boolean not null,
    xid xid8 not null,
    landing_id bigint not null,
    born_at timestamptz not null,
    "timestamp" timestamptz not null,
    uuid uuid not null,
    primary key (team_id, distinct_id, is_hold)
);

comment on table ops.dropped_birth is
'For the program: which dropped event would give a distinct id its person, so that etl land --undo still can tell';

create table ops.dropped_group (
    team_id bigint not null,
    group_type text not null,
    group_key text not null,
    created_at timestamptz not null,
    -- See etl/rules/properties.py.
    property_state text not null,
    primary key (team_id, group_type, group_key)
);

comment on table ops.dropped_group is
'For the program: what the events about a group that retention has dropped said of it';

-- Which files were landed and how far, so that one that was interrupted goes on where it stopped.
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
    -- It was landed in error and is taken out again: to be landed like one that never was.
    undone_at timestamptz,
    primary key (team_id, sha256)
);

comment on table ops.landed_file is
'Which files were landed and how far, by the sha256 of what they contain; numbers count records of the file';

create table ops.merge_decision (
    decision_id bigint generated always as identity primary key,
    -- The refused event.
    team_id bigint not null,
    distinct_id text not null,
    uuid uuid not null,
    event text not null,
    decision text not null check (decision in ('accepted', 'rejected')),
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    why text,
    -- The $merge_dangerously that the acceptance landed.
    landed_uuid uuid
);

comment on table ops.merge_decision is
'Decisions about refused merges, one row each, never changed; the newest one of a refusal counts';

create index merge_decision_by_event on ops.merge_decision (team_id, uuid, distinct_id, event);

-- Every decision about an action, with its steps from then on.
create table ops.action_decision (
    decision_id bigint generated always as identity primary key,
    team_id bigint not null,
    name text not null,
    decision text not null check (decision in ('added', 'changed', 'enabled', 'disabled')),
    steps jsonb not null,
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    why text not null
);

comment on table ops.action_decision is 'Each change of an action: what it was by then, by whom, when and why';

-- Every decision about a cohort, with its definition from then on.
create table ops.cohort_decision (
    decision_id bigint generated always as identity primary key,
    team_id bigint not null,
    name text not null,
    decision text not null check (decision in ('added', 'changed', 'enabled', 'disabled')),
    -- Of a list of distinct ids only how many they are: whom to erase is looked up in one place.
    definition jsonb not null,
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    why text not null
);

comment on table ops.cohort_decision is 'Each change of a cohort: what it was by then, by whom, when and why';

-- Unique users by day of event time (UTC): as readers count them, and as they would have been counted. Counted by
-- maintenance; a day is counted again while events or merges still change it.
create table ops.user_day (
    day date not null,
    team_id bigint not null,
    events bigint not null,
    persons bigint not null,
    persons_without_buffer bigint not null,
    persons_without_merges bigint not null,
    counted_at timestamptz not null,
    primary key (day, team_id)
);

comment on table ops.user_day is
'Unique users by day of timestamp (UTC), as readers count them and as they would have been counted; a day is counted '
'again while events or merges still change it';
comment on column ops.user_day.persons is 'count(distinct person_id) of warehouse.events, as of counted_at';
comment on column ops.user_day.persons_without_buffer is
'The same, but each rescued event counted under a person of its own distinct id: when it arrived no person had the id, '
'so without the buffer it would have made one at once, and no later merge changes what was counted by then';
comment on column ops.user_day.persons_without_merges is
'count(distinct distinct_id) of events with a person: as many as if no merging event had ever joined two ids';

-- Checks that look at a whole day or at the whole warehouse, by suite; a later run of the same day replaces a result.
create table ops.check_result (
    day date not null,
    suite text not null,
    expectation text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    is_success boolean not null,
    evaluated bigint not null,
    unexpected bigint not null,
    observed double precision,
    examples jsonb not null,
    reason text not null,
    remedy text not null,
    checked_at timestamptz not null,
    primary key (day, suite, expectation)
);

comment on table ops.check_result is
'Suites warehouse and person: the whole warehouse on that day. Suite advice: the events of that day (UTC, event time). '
'Suites with a slash in their name: the user''s own, in the folder ETL_EXPECTATIONS_DIR';

-- Which batches maintenance looked at last for each of the user's own suites.
create table ops.own_suite_run (
    suite text primary key,
    first_batch_id bigint not null,
    last_batch_id bigint not null,
    checked_at timestamptz not null
);

comment on table ops.own_suite_run is 'Which batches maintenance looked at last for each suite of the user''s own';

-- What the events of a day look like: how many, and of what type each property is, from a sample.
create table ops.event_day (
    day date not null,
    team_id bigint not null,
    event text not null,
    -- The text of the clicked element of an $autocapture; empty for the event as a whole.
    label text not null,
    events bigint not null,
    profiled_at timestamptz not null,
    primary key (day, team_id, event, label)
);

comment on table ops.event_day is
'Events by day of timestamp (UTC), name and, of an $autocapture, text of what was clicked; label is empty for the '
'event as a whole';

create table ops.property_day (
    day date not null,
    team_id bigint not null,
    event text not null,
    property text not null,
    type text not null,
    -- Of the sampled ones.
    events bigint not null,
    sampled bigint not null,
    primary key (day, team_id, event, property, type)
);

comment on table ops.property_day is
'Of what JSON type each property was by day of timestamp (UTC) and event, counted in a sample: events of sampled';

create table ops.plan_drift (
    day date not null,
    team_id bigint not null,
    kind text not null check (
        kind in (
            'new_event', 'new_property', 'new_type', 'event_gone_quiet', 'autocapture_text_new',
            'autocapture_text_gone'
        )
    ),
    event text not null,
    -- The property, or the text of an $autocapture; empty where the event as a whole is meant.
    subject text not null,
    details jsonb not null,
    found_at timestamptz not null,
    primary key (day, team_id, kind, event, subject)
);

comment on table ops.plan_drift is 'What a day''s events had that the days before had not, and the other way round';

-- Steps that actions may need, because a text that one of theirs asks for went quiet, and another one stands in its
-- place.
create table ops.action_proposal (
    proposal_id bigint generated always as identity primary key,
    team_id bigint not null,
    action_id bigint not null,
    day date not null,
    -- As they are written: the step that finds nothing any more, and the one that would.
    former_step jsonb not null,
    step jsonb not null,
    events_a_day_before bigint not null,
    -- Of the day, that the action does not find.
    events bigint not null,
    found_at timestamptz not null,
    unique (action_id, step)
);

comment on table ops.action_proposal is
'Steps that actions may need: a text that one of theirs asks for went quiet, and another one stands in its place';

-- One row. The summaries hold every batch up to this one, each once.
create table ops.report_state (
    is_only boolean primary key default true check (is_only),
    batch_id bigint not null
);

comment on table ops.report_state is
'For the program: one row; the summaries of the quality page hold every batch up to this one';

insert into ops.report_state (batch_id) values (0);

-- What a batch loaded and how old its events were when readers could first see them.
create table ops.report_batch (
    batch_id bigint primary key,
    -- Arrival to loaded, the hold included.
    arrival_p50_seconds double precision,
    arrival_p95_seconds double precision,
    -- Event time to loaded: how long ago it had happened.
    event_p50_seconds double precision,
    event_p95_seconds double precision,
    warnings bigint not null,
    failed_expectations bigint not null
);

comment on table ops.report_batch is
'How old a batch''s events were when readers could first see them, in seconds (median and 95th percentile), by '
'arrival and by event time';

-- Who was active on which day of event time. Unique users are counted from here: one narrow row an id and day.
create table ops.report_active_id (
    day date not null,
    team_id bigint not null,
    distinct_id text not null,
    -- Null: an id that only names groups.
    person_id uuid,
    events bigint not null,
    -- Of these: arrived after the day had ended.
    late_events bigint not null,
    primary key (team_id, distinct_id, day)
);

comment on table ops.report_active_id is
'Which distinct ids were active on which day of timestamp (UTC), and as which person; the quality page counts users '
'from it';

create index report_active_id_by_person on ops.report_active_id (day, team_id, person_id);

create table ops.report_day (
    day date not null,
    team_id bigint not null,
    events bigint not null,
    late_events bigint not null,
    -- Users if no two ids had ever become one person, and as they are.
    distinct_ids bigint not null,
    unique_users bigint not null,
    primary key (day, team_id)
);

comment on table ops.report_day is
'Events and unique users by day of timestamp (UTC), for the quality page; late: arrived after the day had ended';

-- Ages by the day of loading, to the second below 100 s and to two digits above: percentiles of a day are read off it.
create table ops.report_lag (
    day date not null,
    clock text not null check (clock in ('arrival', 'event', 'hold')),
    seconds double precision not null,
    events bigint not null,
    primary key (day, clock, seconds)
);

comment on table ops.report_lag is
'How old events were when they were loaded, in seconds, by the day of loading: how many of each age, for the quality '
'page';

create table ops.report_refusal (
    batch_id bigint not null,
    expectation text not null,
    events bigint not null,
    primary key (batch_id, expectation)
);

comment on table ops.report_refusal is 'Refused rows by batch and expectation, for the quality page';

create index report_refusal_by_expectation on ops.report_refusal (expectation, batch_id);

create table ops.report_warning (
    batch_id bigint not null,
    type text not null,
    events bigint not null,
    primary key (batch_id, type)
);

comment on table ops.report_warning is 'Warnings by batch and type, for the quality page';

-- What is wrong, from when until when.
create table ops.alert (
    alert_id bigint generated always as identity primary key,
    -- ledger, withheld, late, holder, quarantine ...: see etl/operate/status.py.
    kind text not null,
    -- Which batch, where it is one batch's matter.
    subject text not null,
    message text not null,
    raised_at timestamptz not null default now(),
    -- Null: it is still so.
    resolved_at timestamptz
);

comment on table ops.alert is 'What is or was wrong, from when until when; resolved_at is null while it is so';

create unique index alert_open on ops.alert (kind, subject) where resolved_at is null;

-- To whom it was sent, each once.
create table ops.alert_notice (
    alert_id bigint not null references ops.alert (alert_id),
    -- The Airflow connection that it went to.
    channel text not null,
    -- The notice that it is over, rather than that it began.
    is_resolved boolean not null,
    sent_at timestamptz not null default now(),
    primary key (alert_id, channel, is_resolved)
);

comment on table ops.alert_notice is
'To which channel each alert was sent, once when it began and once when it was over';

-- The app and device keys that events lift (etl/rules/properties.py), and what they depend on: one unpacking of a
-- payload for all of them.
create type ops.device_keys as (
    "$app_build" jsonb,
    "$app_name" jsonb,
    "$app_namespace" jsonb,
    "$app_version" jsonb,
    "$browser" jsonb,
    "$browser_version" jsonb,
    "$device_type" jsonb,
    "$current_url" jsonb,
    "$pathname" jsonb,
    "$os" jsonb,
    "$os_version" jsonb,
    "$referring_domain" jsonb,
    "$referrer" jsonb,
    "$screen_height" jsonb,
    "$screen_width" jsonb,
    "$viewport_height" jsonb,
    "$viewport_width" jsonb,
    "$raw_user_agent" jsonb,
    "$os_name" jsonb,
    "$is_server" jsonb
);

-- A row a landed chunk. The events of a file are the landing rows within its ranges.
create table ops.landed_range (
    team_id bigint not null,
    sha256 text not null,
    xid xid8 not null,
    first_landing_id bigint not null,
    last_landing_id bigint not null,
    -- What its places count: line, row, event.
    noun text not null,
    -- Places in the file: [[number of a row in this range from 0, its place, step from row to row], ...].
    runs jsonb not null,
    -- By then it was asked that these events be taken out again; null: they count.
    undone_at timestamptz,
    primary key (xid, first_landing_id),
    foreign key (team_id, sha256) references ops.landed_file (team_id, sha256)
);

comment on table ops.landed_range is
'Which rows of landing.event came from which places of a landed file, one row a landed chunk';

create index landed_range_file on ops.landed_range (team_id, sha256);

-- What withdrawals of files took out of what each batch had brought, so that its numbers and digests still agree.
create table ops.withdrawal (
    -- The batch that took it out.
    batch_id bigint not null,
    from_batch_id bigint not null,
    loaded bigint not null,
    held bigint not null,
    released bigint not null,
    -- As in ops.batch: digests of what is gone. merges: also of those that came out otherwise, as they were and are.
    digests jsonb not null,
    primary key (batch_id, from_batch_id)
);

comment on table ops.withdrawal is 'What was taken out of each batch when a file was undone';

create index withdrawal_by_source on ops.withdrawal (from_batch_id);

-- By what the digests of a batch are other than it recorded, because the product itself has erased, dropped or removed
-- something of it since. An audited table: who changes a row here by hand is found.
create table ops.amendment (
    amendment_id bigint generated always as identity primary key,
    batch_id bigint not null,
    cause text not null check (cause in ('erasure', 'retention', 'removal')),
    amended_at timestamptz not null default now(),
    -- Rows that are gone: of a retention, or with a project. An erasure empties rows and removes none.
    landed bigint not null default 0,
    released bigint not null default 0,
    loaded bigint not null default 0,
    held bigint not null default 0,
    quarantined bigint not null default 0,
    -- As in ops.batch: digests of the rows as they were and as they are, together.
    digests jsonb not null
);

create index amendment_by_batch on ops.amendment (batch_id);

comment on table ops.amendment is
'By what the digests of a batch are other than it recorded, because something of it was erased, dropped after '
'retention, or removed with its project';

-- What was erased: one row each, which names nobody.
create table ops.erasure (
    -- Of the operator's event, $erase in landing.
    uuid uuid primary key,
    team_id bigint not null,
    -- A property of all persons and events; null: a person is erased.
    property text,
    -- Only what events have said; the person and its ids stay.
    is_events_only boolean not null,
    -- Only events of a range of time. Null: without bound.
    since_at timestamptz,
    until_at timestamptz,
    asked_at timestamptz not null,
    asked_by text not null,
    why text not null,
    batch_id bigint not null,
    -- How many rows of what.
    counts jsonb not null
);

comment on table ops.erasure is 'What was erased, by whom, when, why and how much; of whom, nobody can tell';

-- Projects that were removed with all that was stored of them: one row each. Their numbers are not used again.
create table ops.removed_project (
    removal_id bigint generated always as identity primary key,
    team_id bigint not null,
    name text not null,
    removed_at timestamptz not null default now(),
    removed_by text not null,
    why text not null,
    -- How many rows of which table.
    counts jsonb not null
);

comment on table ops.removed_project is
'Which projects were removed with all that was stored of them, by whom, when and why, and how many rows of which table';

-- Projects that came from another shard, with all that was stored of them: etl/operate/project_move.py.
create table ops.moved_project (
    -- Its history, as one batch.
    batch_id bigint primary key,
    team_id bigint not null,
    name text not null,
    from_shard text not null,
    moved_at timestamptz not null default now(),
    moved_by text not null,
    why text not null,
    -- Up to where landing was processed there; what has landed behind has been landed here anew.
    source_xid xid8 not null,
    source_landing_id bigint not null,
    -- How many rows of which table.
    counts jsonb not null,
    -- Null: rows of it are still there, and the move is to be run again.
    finished_at timestamptz
);

comment on table ops.moved_project is
'Which projects came from another shard, by whom, when and why, and how many rows of which table; finished_at is null '
'until nothing of it is left there';

-- The ids that stand where an erased person's ids stood.
create table ops.erased_id (
    team_id bigint not null,
    distinct_id text not null,
    primary key (team_id, distinct_id)
);

comment on table ops.erased_id is
'The random distinct ids that stand where those of erased persons stood; which is whose, nobody can tell';

-- Rows that go to quarantine unread, with the error that a step of their batch fails with, so that the rest is loaded.
create table ops.set_apart (
    landing_id bigint primary key,
    batch_id bigint not null,
    xid xid8 not null,
    received_at timestamptz not null,
    step text not null,
    error text not null,
    -- As quarantine keeps it: expectation, column, reason, remedy.
    reason jsonb not null,
    -- How many rows were set apart together, because time ran out before it was known which of them it is.
    among bigint not null default 1,
    -- Null: found by the cycle itself.
    decided_by text,
    -- Its row in the buffer, where it was held by an earlier batch.
    held jsonb,
    set_apart_at timestamptz not null default clock_timestamp()
);

create index set_apart_by_batch on ops.set_apart (batch_id);

comment on table ops.set_apart is
'Rows that a step of their batch failed on: they are in quarantine unread, and the rest of the batch is loaded';

create table ops.step_failure (
    batch_id bigint primary key,
    step text not null,
    error text not null,
    failures bigint not null default 1,
    first_at timestamptz not null default clock_timestamp(),
    last_at timestamptz not null default clock_timestamp()
);

comment on table ops.step_failure is 'Batches of which a step has failed: how often, and the last error';

-- Whoever reads results reads these tables; views grant their own.
grant usage on schema ops to auditor;
grant select on all tables in schema ops to auditor;
grant usage on schema ops to event_lander;
grant select, insert, update on ops.landed_file to event_lander;
grant select, insert on ops.landed_range to event_lander;
