-- A job has run just now.
insert into ops.job (job, ran_at)
values (%(job)s, clock_timestamp())
on conflict (job) do update set ran_at = excluded.ran_at;
