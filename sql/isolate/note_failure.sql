-- A step of the batch has failed once more.
insert into ops.step_failure as f (batch_id, step, error)
values (%(batch_id)s, %(step)s, %(error)s)
on conflict (batch_id) do update
    set
        step = excluded.step,
        error = excluded.error,
        failures = f.failures + 1,
        last_at = clock_timestamp();
