-- The plan is this batch's from here on.
insert into staging.plan (batch_id, step) values (%(batch_id)s::bigint, 'open');
