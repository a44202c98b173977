-- Ops: the batches with their ledger, the watermark, warnings, results of expectations, and partition upkeep.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema ops;

create table ops.batch (
    batch_id bigint primary key,
    status text not null default 'open' check (status in ('open', 'loaded')),
    -- Bounds: positions after lower up to and with upper.
    lower_xid xid8 not null,
    lower_landing_id bigint not null,
    upper_xid xid8 not null,
    upper_landing_id bigint not null,
    -- The last position of the first half, its place in the batch, and the arrival clock there: two sessions stage.
    middle_xid xid8 not null,
    middle_landing_id bigint not null,
    middle_ordinal bigint not null,
    middle_arrival_clock timestamptz not null,
    -- The arrival clock is the newest received_at over all positions so far; it never goes back.
    arrival_clock_before timestamptz not null,
    arrival_clock timestamptz not null,
    -- Held events due at or before as_of are released by this batch.
    as_of timestamptz not null,
    hold_seconds double precision not null check (hold_seconds >= 0),
    is_caught_up boolean not null,
    -- The ledger: landed + released = loaded + held + duplicate + quarantined.
    landed bigint not null,
    released bigint,
    loaded bigint,
    held bigint,
    duplicate bigint,
    quarantined bigint,
    -- Of the released: those whose distinct id gained a person while they waited.
    rescued bigint,
    persons_created bigint,
    persons_merged bigint,
    step_seconds jsonb not null default '{}',
    opened_at timestamptz not null,
    loaded_at timestamptz,
    -- A critical finding of expectations/batch.json blocks a batch: it stays open until a person decides.
    blocked_at timestamptz,
    blocked_reasons jsonb,
    decision text check (decision in ('released', 'quarantined')),
    decided_at timestamptz,
    decided_by text,
    decided_why text,
    -- Sealed with the load: digests of what the batch brought, and a chain of hashes over the batches.
    digests jsonb,
    previous_hash text,
    hash text,
    constraint ledger_balances check (
        status = 'open' or landed + released = loaded + held + duplicate + quarantined
    ),
    constraint decision_is_explained check (
        decision is null or (decided_at is not null and decided_by is not null and decided_why is not null)
    )
);

create unique index batch_one_open on ops.batch (status) where status = 'open';

-- The open batch has rows in warehouse.stored_event already: see etl/cycle/load.py.
create table ops.written_ahead (
    batch_id bigint primary key
);

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

-- True and a fresh partition, or false where the day has one already. Rows of the day that went to the default
-- partition are moved. ATTACH rather than PARTITION OF: it does not lock out the parent's readers and writers.
create function ops.ensure_day_partition(schema_name text, table_name text, key_column text, day date)
returns boolean
language plpgsql
as $$
declare
    partition_name text := format('%s_%s', table_name, to_char(day, 'YYYYMMDD'));
    default_name text := format('%s_default', table_name);
begin
    if to_regclass(format('%I.%I', schema_name, partition_name)) is not null then
        return false;
    end if;
    execute format(
        'create table %I.%I (like %I.%I including defaults including constraints)',
        schema_name, partition_name, schema_name, table_name
    );
    execute format('lock table %I.%I in access exclusive mode', schema_name, default_name);
    execute format(
        'insert into %I.%I select * from %I.%I where %I >= $1 and %I < $2',
        schema_name, partition_name, schema_name, default_name, key_column, key_column
    ) using day::timestamptz, (day + 1)::timestamptz;
    execute format(
        'delete from %I.%I where %I >= $1 and %I < $2',
        schema_name, default_name, key_column, key_column
    ) using day::timestamptz, (day + 1)::timestamptz;
    execute format(
        'alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
        schema_name, table_name, schema_name, partition_name, day::timestamptz, (day + 1)::timestamptz
    );
    return true;
end;
$$;

-- The days that landing does not hold any more, so that missing rows of theirs are no contradiction.
create table ops.dropped_landing (
    day date primary key,
    dropped_at timestamptz not null
);

create function ops.drop_landing_partition(partition_name text)
returns void
language plpgsql
as $$
begin
    perform set_config('lock_timeout', '5s', true);
    execute format('drop table landing.%I', partition_name);
    insert into ops.dropped_landing (day, dropped_at)
    values (to_date(right(partition_name, 8), 'YYYYMMDD'), clock_timestamp())
    on conflict (day) do nothing;
end;
$$;

-- After a restore from a dump: give rows landed from now on transaction ids above all that landing holds, by an offset
-- in the column's default. Rows landed since the restore (their landing_id is newer than any processed, their position
-- is not) get it too. Returns the new offset.
create function ops.rebase_watermark()
returns bigint
language plpgsql
as $$
declare
    old_offset bigint;
    new_offset bigint;
begin
    lock table landing.event in access exclusive mode;
    select w.xid_offset into strict old_offset from ops.watermark as w for update;
    select greatest((select max(e.xid) from landing.event as e), w.xid)::text::bigint
    into strict new_offset
    from ops.watermark as w;
    update landing.event
    set xid = ((landing.event.xid::text::bigint - old_offset + new_offset)::text)::xid8
    from ops.watermark as w
    where
        landing.event.landing_id > w.newest_landing_id
        and (landing.event.xid, landing.event.landing_id) <= (w.xid, w.landing_id);
    execute format(
        'alter table landing.event alter column xid '
        'set default (((pg_current_xact_id()::text)::bigint + %s)::text)::xid8',
        new_offset
    );
    -- An open batch has changed nothing that anyone can see; its rows are taken up again.
    delete from warehouse.stored_event
    where warehouse.stored_event.batch_id in (select a.batch_id from ops.written_ahead as a);
    delete from ops.written_ahead;
    delete from ops.batch where status = 'open';
    update ops.watermark
    set
        xid_offset = new_offset,
        system_identifier = (select c.system_identifier from pg_control_system() as c);
    return new_offset;
end;
$$;

-- The length in bytes of a value's text, or more than any limit where PostgreSQL cannot write it out at all.
create function ops.json_text_bytes(value jsonb)
returns bigint
language plpgsql
immutable
as $$
begin
    return octet_length(value::text);
exception
    when program_limit_exceeded then return 1::bigint << 40;
end;
$$;

-- The time a client's text stands for, or null. PostgreSQL itself also reads 'now', 'today', 'infinity' and 'epoch':
-- here only a written-out date is a time. Formats: N4 of PostHog's capture (rust/common/types/src/timestamp.rs) and
-- of its pipeline (timestamps.test.ts): ISO 8601 with or without offset, date only, week and ordinal dates, RFC 2822.
create function ops.parse_timestamp(written text)
returns timestamptz
language sql
stable
as $$
select case
    -- What SDKs write, told by its shape: regular expressions took a fifth of the whole stage step.
    when
        written like '____-__-__T__:__:__%'
        and pg_input_is_valid(written, 'timestamptz') then written::timestamptz
    when
        written ~ '^[0-9]{4}-[0-9][0-9]-[0-9][0-9]([Tt ][0-9][0-9]:[0-9][0-9](:[0-9][0-9]([.,][0-9]+)?)?\s?([Zz]|UTC|[+-][0-9][0-9](:?[0-9][0-9])?)?)?$'
        and pg_input_is_valid(written, 'timestamptz') then written::timestamptz
    when
        written ~ '^([A-Za-z]{3}, )?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9][0-9]:[0-9][0-9](:[0-9][0-9])? ([+-][0-9]{4}|GMT|UTC|Z)$'
        and pg_input_is_valid(written, 'timestamptz') then written::timestamptz
    when written ~ '^(?!0000)[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])-[1-7]$'
        then to_date(written, 'IYYY-"W"IW-ID')::timestamptz
    when
        written ~ '^(?!0000)[0-9]{4}-(?!000)[0-3][0-9][0-9]$'
        and right(written, 3)::integer <= extract(doy from make_date(left(written, 4)::integer, 12, 31))
        then (make_date(left(written, 4)::integer, 1, 1) + right(written, 3)::integer - 1)::timestamptz
end
$$;

-- Ids that must never join two persons, because many clients send them by mistake.
-- PostHog: isDistinctIdIllegal in nodejs/src/common/persons/person-utils.ts.
create function ops.is_illegal_distinct_id(distinct_id text)
returns boolean
language sql
immutable
as $$
select
    distinct_id ~ '^\s*$'
    or distinct_id in (
        '[object Object]', '"[object Object]"', '''[object Object]''',
        'NaN', '"NaN"', '''NaN''', 'None', '"None"', '''None''', 'none', '"none"', '''none''',
        'null', '"null"', '''null''', '0', '"0"', '''0''', 'undefined', '"undefined"', '''undefined'''
    )
    or lower(distinct_id) ~ (
        '^(["'']?)(anonymous|guest|distinctid|distinct_id|id|not_authenticated|email|undefined|true|false)\1$'
    )
$$;
