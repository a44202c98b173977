-- The project of this name.
select team_id from landing.project
where name = %(name)s::text;
