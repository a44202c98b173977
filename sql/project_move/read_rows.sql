-- Each row of a project in a table, as JSON.
select r::text as line
from ops.project_rows(%(team_id)s::bigint, %(table_name)s::text) as r;
