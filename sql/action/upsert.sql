-- An action as it is from now on; its id stays.
insert into warehouse.action (team_id, name, is_enabled, steps)
values (%(team_id)s::bigint, %(name)s::text, %(is_enabled)s::boolean, %(steps)s::jsonb)
on conflict (team_id, name) do update
    set
        is_enabled = excluded.is_enabled,
        steps = excluded.steps
returning action_id;
