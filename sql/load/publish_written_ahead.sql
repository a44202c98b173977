-- What was written ahead is the batch's now.
delete from ops.written_ahead
where batch_id = %(batch_id)s::bigint;
