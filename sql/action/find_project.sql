-- Whether there is such a project.
select p.name
from landing.project as p
where p.team_id = %(team_id)s::bigint;
