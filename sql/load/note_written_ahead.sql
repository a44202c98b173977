-- The second session has rows of the open batch in the warehouse.
insert into ops.written_ahead (batch_id) values (%(batch_id)s::bigint);
