-- Note that a project was removed.
insert into ops.removed_project (team_id, name, removed_by, why, counts)
values (%(team_id)s::bigint, %(name)s::text, %(by)s::text, %(why)s::text, %(counts)s::jsonb);
