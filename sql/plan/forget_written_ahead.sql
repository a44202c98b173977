-- The open batch, if a run that did not get to its end has written some of it ahead.
delete from ops.written_ahead
returning batch_id;
