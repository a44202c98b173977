-- Quality: verdicts on batches, evidence that can be checked again, a quarantine that can be worked on, the buffer's
-- worth by day, checks by day, and drift of the events.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

comment on column ops.batch.blocked_reasons is
'One object a critical finding: suite, expectation, column, observed, reason, remedy';
comment on column ops.batch.digests is
'What the batch brought, as bit_xor of 64-bit hashes of (landing_id, uuid, distinct_id, event, timestamp): landed, '
'released, loaded, held, duplicate, quarantined; landing: of landing_id alone; results: of ops.expectation_result';
comment on column ops.batch.hash is
'sha256 over the hash of the batch before and ops.batch_text(batch); etl audit verify computes it again';

comment on column ops.expectation_result.reason is 'Only where it failed: what that means';

-- One word for each batch, and the failed expectations behind it.
create view ops.batch_verdict as
select
    b.batch_id,
    b.status,
    case
        when b.decision = 'quarantined' then 'quarantined'
        when b.decision = 'released' then 'released'
        when b.status = 'open' and b.blocked_at is not null then 'blocked'
        when b.status = 'open' then 'open'
        when coalesce(r.failed, 0) > 0 then 'flagged'
        else 'fine'
    end as verdict,
    coalesce(r.failed, 0) as failed_expectations,
    coalesce(r.failed_names, '{}') as failed_names,
    b.blocked_at,
    b.blocked_reasons,
    b.decided_at,
    b.decided_by,
    b.decided_why
from ops.batch as b
left join (
    select
        e.batch_id,
        count(*) as failed,
        array_agg(e.suite || '.' || e.expectation order by e.suite, e.expectation) as failed_names
    from ops.expectation_result as e
    where not e.is_success
    group by e.batch_id
) as r on b.batch_id = r.batch_id;

comment on view ops.batch_verdict is
'open; blocked: waits for a person; released, quarantined: a person decided; flagged: published with warnings or '
'quarantined rows; fine';

-- The text that a batch's hash is made of: what it took, gave, found and who decided. Seconds are kept, not sealed.
create function ops.batch_text(batch ops.batch)
returns text
language sql
stable
as $$
select concat_ws(
    '|',
    batch.batch_id,
    batch.lower_xid,
    batch.lower_landing_id,
    batch.upper_xid,
    batch.upper_landing_id,
    (extract(epoch from batch.arrival_clock) * 1000000)::bigint,
    (extract(epoch from batch.as_of) * 1000000)::bigint,
    batch.hold_seconds,
    batch.is_caught_up,
    batch.landed,
    batch.released,
    batch.loaded,
    batch.held,
    batch.duplicate,
    batch.quarantined,
    batch.rescued,
    batch.persons_created,
    batch.persons_merged,
    (extract(epoch from batch.opened_at) * 1000000)::bigint,
    (extract(epoch from batch.loaded_at) * 1000000)::bigint,
    coalesce(batch.blocked_reasons::text, '-'),
    coalesce(batch.decision, '-'),
    coalesce(batch.decided_by, '-'),
    coalesce(batch.decided_why, '-'),
    coalesce(batch.digests::text, '-')
)
$$;

-- All results of a batch's expectations as one value.
create function ops.results_digest(of_batch_id bigint)
returns text
language sql
stable
as $$
select md5(coalesce(
    string_agg(
        concat_ws(
            '|', r.suite, r.expectation, r.severity, r.is_success, r.evaluated, r.unexpected,
            coalesce(r.observed::text, '-'), r.examples, coalesce(r.reason, '-')
        ), e'\n' order by r.suite collate "C", r.expectation collate "C"
    ), ''
))
from ops.expectation_result as r
where r.batch_id = of_batch_id
$$;

-- Digests add and cancel out like the ledger's numbers do.
create function ops.xor(variadic digests bigint[])
returns bigint
language sql
immutable
parallel safe
as $$ select bit_xor(d) from unnest(digests) as d $$;

-- The hash of one event's keys, the same whether it is computed from staging, the buffer or the warehouse.
create function ops.event_hash(
    landing_id bigint, uuid uuid, distinct_id text, event text, event_at timestamptz
)
returns bigint
language sql
immutable
parallel safe
as $$
select
    hashint8extended($1, 0)
    # hashint8extended($1, coalesce(uuid_hash_extended($2, 1), 1))
    # hashint8extended($1, coalesce(hashtextextended($3 collate "C", 2), 2))
    # hashint8extended($1, coalesce(hashtextextended($4 collate "C", 3), 3))
    # hashint8extended($1, timestamp_hash_extended($5 at time zone 'UTC', 4))
$$;

comment on column quarantine.event.replayed_landing_id is 'The landing row that a replay made of it';

-- The buffer's worth, by day of arrival (UTC).
create view ops.buffer_day as
select
    h.team_id,
    h.arrived_at::date as day,
    count(*) as held,
    count(*) filter (where h.is_rescued) as rescued,
    count(*) filter (where not h.is_rescued) as expired_unmatched,
    count(*) filter (where h.is_rescued is null) as still_held,
    count(distinct h.distinct_id) filter (where h.is_rescued) as distinct_ids_rescued,
    percentile_cont(0.5) within group (order by h.hold_seconds) as hold_seconds_p50,
    percentile_cont(0.95) within group (order by h.hold_seconds) as hold_seconds_p95,
    max(h.hold_seconds) as hold_seconds_max
from (
    select
        team_id,
        distinct_id,
        arrived_at,
        is_rescued,
        extract(epoch from released_at - arrived_at)::double precision as hold_seconds
    from buffer.released_event
    union all
    select
        team_id,
        distinct_id,
        arrived_at,
        null as is_rescued,
        null as hold_seconds
    from buffer.event
) as h
group by h.team_id, h.arrived_at::date;

comment on view ops.buffer_day is
'By day of arrival, UTC. held = rescued + expired_unmatched + still_held. hold_seconds by the arrival clock, of the '
'released ones. distinct_ids_rescued: ids that would have made a person of their own at once without the buffer';

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

comment on column ops.user_day.persons is 'count(distinct person_id) of warehouse.events, as of counted_at';
comment on column ops.user_day.persons_without_buffer is
'The same, but each rescued event counted under a person of its own distinct id: when it arrived no person had the id, '
'so without the buffer it would have made one at once, and no later merge changes what was counted by then';
comment on column ops.user_day.persons_without_merges is
'count(distinct distinct_id): as many as if no merging event had ever joined two ids';

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
'Suites warehouse and person: the whole warehouse on that day. Suite advice: the events of that day (UTC, event time)';

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

grant select on
ops.batch_verdict,
ops.buffer_day,
ops.user_day,
ops.check_result,
ops.event_day,
ops.property_day,
ops.plan_drift
to auditor;
