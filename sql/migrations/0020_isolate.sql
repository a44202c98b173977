-- Isolation: rows of an open batch that a step fails on, and how often the batch has failed.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- Rows that go to quarantine unread, with the error that a step of their batch fails with, so that the rest is loaded.
create table ops.set_apart (
    landing_id bigint primary key,
    batch_id bigint not null,
    xid xid8 not null,
    received_at timestamptz not null,
    step text not null,
    error text not null,
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

grant select on ops.set_apart, ops.step_failure to auditor;

-- Why a row was set apart, as quarantine keeps reasons.
create function ops.set_apart_reason(step text, error text, among bigint, decided_by text)
returns jsonb
language sql
immutable
as $$
select jsonb_build_object(
    'expectation', 'not_processable',
    'column', 'properties',
    'reason',
    case
        when decided_by is not null then format('%s set the row apart: %s', decided_by, error)
        when among > 1 then format('The step %s fails on one of %s rows, this one among them: %s', step, among, error)
        else format('The step %s fails on this row: %s', step, error)
    end,
    'remedy',
    'Correct what the error names and land the event again under a new uuid, or discard the row; a row that was only '
    'among others may simply be replayed.'
)
$$;
