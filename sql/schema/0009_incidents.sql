-- Incidents: what maintenance counts by source and hour, and what it finds wrong in that.
-- Events by source, name and hour of event time, and what the same hour of the last weeks lets expect.
create table ops.event_hour (
    hour_at timestamptz not null,
    team_id bigint not null,
    -- See ops.event_source.
    source text not null,
    -- See ops.event_pattern; empty: all events of the source.
    event text not null,
    events bigint not null,
    users bigint not null,
    -- Different names that the pattern stands for.
    names bigint not null,
    without_device bigint not null,
    -- Medians of the same hour of the last four weeks, and the median distance from the first. Null: fewer than two of
    -- these weeks are known.
    expected double precision,
    expected_users double precision,
    spread double precision,
    primary key (team_id, source, event, hour_at)
);

comment on table ops.event_hour is
'Events by source, name and hour of timestamp (UTC), and what the same hour of the last four weeks lets expect';

create index event_hour_by_hour on ops.event_hour (hour_at);

comment on column ops.event_hour.without_device is 'Events without $device_id';

-- Something that went wrong for some time, one row as long as it lasts: maintenance finds and ends it, people
-- acknowledge or close it.
create table ops.incident (
    incident_id bigint generated always as identity primary key,
    -- Which query of sql/detectors has found it; expectations/incident.json says what it means.
    kind text not null,
    -- 0: of no project in particular.
    team_id bigint not null,
    -- What it is about: a source, an event, a reason, a suite. Empty: the project.
    subject text not null,
    since_at timestamptz not null,
    -- When it was last seen to be so.
    last_at timestamptz not null,
    over_at timestamptz,
    -- What it touches; null: nobody can tell.
    events bigint,
    users bigint,
    detail text not null,
    -- Uuids of events.
    examples jsonb not null,
    acknowledged_by text,
    acknowledged_at timestamptz,
    acknowledged_why text,
    closed_by text,
    closed_at timestamptz,
    closed_why text,
    state text not null generated always as (
        case
            when over_at is not null then 'over'
            when acknowledged_at is not null then 'acknowledged'
            else 'open'
        end
    ) stored,
    constraint decisions_are_explained check (
        (acknowledged_at is null or (acknowledged_by is not null and acknowledged_why is not null))
        and (closed_at is null or (closed_by is not null and closed_why is not null and over_at is not null))
    )
);

comment on table ops.incident is
'What went wrong for some time, one row as long as it lasts; over_at is null while it does';

create unique index incident_open on ops.incident (kind, team_id, subject) where over_at is null;

grant select on ops.event_hour, ops.incident to auditor;
