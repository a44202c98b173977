-- Roles: event_writer may insert into the landing table, auditor may read results; neither may do anything else.
-- Roles belong to the whole cluster, so another database of it may have made them already, even this second.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

do $$
declare
    role_name text;
begin
    foreach role_name in array array['event_writer', 'auditor'] loop
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
