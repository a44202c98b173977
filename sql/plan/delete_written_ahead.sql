-- Remove what a run that did not get to its end wrote ahead of its commit.
delete from warehouse.stored_event
where batch_id = %(batch_id)s::bigint;
