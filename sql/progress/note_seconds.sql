-- How long a step of the batch took, in seconds.
update ops.batch
set step_seconds = step_seconds || jsonb_build_object(%(step)s::text, %(seconds)s::double precision)
where batch_id = %(batch_id)s::bigint;
