-- How far a suite has looked.
insert into ops.own_suite_run (suite, first_batch_id, last_batch_id, checked_at)
values (%(suite)s::text, %(first_batch_id)s::bigint, %(last_batch_id)s::bigint, now())
on conflict (suite) do update
    set
        first_batch_id = excluded.first_batch_id,
        last_batch_id = excluded.last_batch_id,
        checked_at = excluded.checked_at;
