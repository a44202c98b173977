-- The result of a replay, where the login may note it.
insert into ops.rebuild_run (landed, missing, seconds, difference)
select
    %(landed)s,
    %(missing)s,
    %(seconds)s,
    %(difference)s
where has_table_privilege('ops.rebuild_run', 'insert');
