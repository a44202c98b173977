-- Make a project; its id follows the largest there is or was, here and on other shards. No row comes back if the name
-- is taken.
insert into landing.project (team_id, name)
select
    greatest(
        (select max(p.team_id) from landing.project as p),
        (select max(r.team_id) from ops.removed_project as r),
        %(largest_elsewhere)s::bigint
    ) + 1,
    %(name)s::text
on conflict (name) do nothing
returning team_id;
