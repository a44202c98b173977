-- Roles: event_writer inserts into the landing table; event_capture may do that too and reads the projects' tokens and
-- rules, all that landing a request needs; event_lander may do that too and notes which files it has landed; auditor
-- reads results. None may do anything else, nor log in itself.
-- Roles belong to the whole cluster, so another database of it may have made them already, even this second.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['event_writer', 'event_capture', 'event_lander', 'auditor'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception
                when duplicate_object or unique_violation then null;
            end;
        end if;
    end loop;
end;
$$;
