-- Grants: writers insert the columns that are a client's and no others, so arrival and position cannot be forged.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

grant usage on schema landing to event_writer;
grant usage on sequence landing.event_landing_id to event_writer;
grant insert (team_id, uuid, event, distinct_id, properties, "timestamp", sent_at, ip) on landing.event to event_writer;

grant usage on schema warehouse, quarantine, ops to auditor;
grant select on all tables in schema warehouse, quarantine, ops to auditor;
