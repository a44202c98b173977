-- Nothing of the project is left where it came from.
update ops.moved_project
set finished_at = now()
where batch_id = %(batch_id)s::bigint;
