-- The plan has passed another step.
update staging.progress
set step = %(step)s::text;
