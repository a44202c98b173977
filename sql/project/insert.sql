-- Make a project; its id follows the largest. No row comes back if the name is taken.
insert into landing.project (team_id, name)
select
    coalesce(max(team_id), 0) + 1,
    %(name)s::text
from landing.project
on conflict (name) do nothing
returning team_id;
