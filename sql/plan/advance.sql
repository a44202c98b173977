-- The plan has passed another step.
update staging.plan
set step = %(step)s::text;
