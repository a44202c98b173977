-- Make a project; its id follows the largest, here and on other shards. No row comes back if the name is taken.
insert into landing.project (team_id, name)
select
    greatest(coalesce(max(team_id), 0), %(largest_elsewhere)s::bigint) + 1,
    %(name)s::text
from landing.project
on conflict (name) do nothing
returning team_id;
