-- From here on the warehouse may hold rows of the open batch.
insert into ops.written_ahead (batch_id) values (%(batch_id)s::bigint);
