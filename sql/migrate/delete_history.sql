-- Forget a function or a view that has no file any more, so that one of the same name counts as new.
delete from public.etl_migration
where name = any(%(names)s);
