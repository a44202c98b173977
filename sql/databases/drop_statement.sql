-- A statement that drops a database of ours.
select format('drop database if exists %%I with (force)', %(name)s::text) as statement;
