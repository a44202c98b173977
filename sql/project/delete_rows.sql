-- Delete all that is stored of a project.
select
    d.name,
    d.deleted
from ops.delete_project_rows(%(team_id)s::bigint) as d
order by d.name;
