-- This session has rows of the open batch in the warehouse.
insert into ops.written_ahead (batch_id, pid) values (%(batch_id)s::bigint, pg_backend_pid())
on conflict do nothing;
