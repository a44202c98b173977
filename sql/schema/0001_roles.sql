-- Roles: event_writer inserts into the landing table; event_capture may do that too and reads the projects' tokens and
-- rules, all that landing a request needs; event_lander may do that too and notes which files it has landed; auditor
-- reads results. None may do anything else, nor log in itself.
-- Roles belong to the whole cluster, so another database of it may have made them already, even this second; or
-- somebody who may, where this login may not.
do $$
declare
    missing text[] := array(
        select r.name
        from unnest(array['event_writer', 'event_capture', 'event_lander', 'auditor']) as r (name)
        where to_regrole(r.name) is null
    );
    role_name text;
    owner_name name := (
        select pg_get_userbyid(d.datdba)
        from pg_database as d
        where d.datname = current_database()
    );
begin
    foreach role_name in array missing loop
        begin
            execute format('create role %I nologin', role_name);
        exception
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise insufficient_privilege using message = format(
                    'it may not make roles, and some are missing; let somebody run: create role %s nologin',
                    array_to_string(missing, ' nologin; create role ')
                );
        end;
    end loop;
    -- Where not everybody may connect.
    execute format(
        'grant connect on database %I to event_writer, event_capture, event_lander, auditor', current_database()
    );
    -- Maintenance, the owner's, asks a user's own suites as the auditor. Where that may not be arranged, they say so.
    begin
        if not pg_has_role(owner_name, 'auditor', 'set') then
            execute format('grant auditor to %I', owner_name);
        end if;
    exception
        when insufficient_privilege or unique_violation then null;
    end;
end;
$$;
