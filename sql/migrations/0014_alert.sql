-- Alerts: what is wrong, from when until when, and who has been told; each once.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create table ops.alert (
    alert_id bigint generated always as identity primary key,
    -- ledger, blocked, late, holder, quarantine: see etl/operate/status.py.
    kind text not null,
    -- Which batch, where it is one batch's matter.
    subject text not null,
    message text not null,
    raised_at timestamptz not null default now(),
    -- Null: it is still so.
    resolved_at timestamptz
);

create unique index alert_open on ops.alert (kind, subject) where resolved_at is null;

create table ops.alert_notice (
    alert_id bigint not null references ops.alert (alert_id),
    -- The Airflow connection that it went to.
    channel text not null,
    -- The notice that it is over, rather than that it began.
    is_resolved boolean not null,
    sent_at timestamptz not null default now(),
    primary key (alert_id, channel, is_resolved)
);

grant select on ops.alert, ops.alert_notice to auditor;
