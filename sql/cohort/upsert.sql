-- A cohort as it is from now on; its id stays.
insert into warehouse.cohort (team_id, name, is_enabled, definition)
values (%(team_id)s::bigint, %(name)s::text, %(is_enabled)s::boolean, %(definition)s::jsonb)
on conflict (team_id, name) do update
    set
        is_enabled = excluded.is_enabled,
        definition = excluded.definition
returning cohort_id;
