-- Makes a view of the schema event anew, or drops it where no query is given. Only what was made here is dropped.
-- Readers wait for it behind whoever reads the view just now, so not for long.
create or replace function ops.replace_event_view(of_view_name text, of_event text, of_query text)
returns void
language plpgsql
set lock_timeout = '1s'
as $$
begin
    delete from ops.event_view as v
    where v.view_name = of_view_name;
    if found then
        execute format('drop view if exists event.%I', of_view_name);
    end if;
    if of_query is not null then
        execute format('create view event.%I as %s', of_view_name, of_query);
        execute format(
            'comment on view event.%I is %L',
            of_view_name,
            'The events of this name as in warehouse.events, each property with the type that it mostly had in the last '
            '30 days; null: missing, or no such value'
        );
        execute format('grant select on event.%I to auditor', of_view_name);
        insert into ops.event_view (view_name, event, query)
        values (of_view_name, of_event, of_query);
    end if;
end;
$$;
