-- A new shard has no project: number 1, which the schema brings, is that of another shard.
delete from landing.project
where team_id = 1;
