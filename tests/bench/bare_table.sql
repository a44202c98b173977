-- The limit to measure against: the same rows, copied once, into a day-partitioned table with the warehouse's indexes:
-- the two of warehouse.stored_event and the key of warehouse.event_key.
create schema bare;

create table bare.event (like warehouse.stored_event including defaults including constraints) partition by range ("timestamp");

create index on bare.event (team_id, distinct_id, "timestamp");
create index on bare.event (team_id, event, "timestamp");
create index on bare.event (team_id, uuid, distinct_id, event);
create table bare.event_default partition of bare.event default;
create table bare.event_1 partition of bare.event for values from ('2026-03-01') to ('2026-03-02');
create table bare.event_2 partition of bare.event for values from ('2026-03-02') to ('2026-03-03');
create table bare.event_3 partition of bare.event for values from ('2026-03-03') to ('2026-03-04');
