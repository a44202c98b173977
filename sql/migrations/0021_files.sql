-- Files: where the events of each stand in landing, and a role that may land files and nothing else.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

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
    primary key (xid, first_landing_id),
    foreign key (team_id, sha256) references ops.landed_file (team_id, sha256)
);

create index landed_range_file on ops.landed_range (team_id, sha256);

grant select on ops.landed_range to auditor;

do $$
begin
    if not exists (select from pg_roles where rolname = 'event_lander') then
        begin
            create role event_lander nologin;
        exception
            when duplicate_object or unique_violation then null;
        end;
    end if;
end;
$$;

grant event_writer to event_lander;
grant usage on schema ops, warehouse to event_lander;
grant select on landing.project, warehouse.event_key to event_lander;
grant select, insert, update on ops.landed_file to event_lander;
grant select, insert on ops.landed_range to event_lander;
grant select (xid, landing_id) on landing.event to event_lander;
