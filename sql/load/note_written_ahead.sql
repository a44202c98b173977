-- The second session has rows of the open batch in the warehouse. No row returned: so had a run before this one.
insert into ops.written_ahead (batch_id) values (%(batch_id)s::bigint)
on conflict (batch_id) do nothing
returning batch_id;
