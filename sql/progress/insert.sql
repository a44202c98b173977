-- The plan is this batch's from here on.
insert into staging.progress (batch_id, step) values (%(batch_id)s::bigint, 'open');
