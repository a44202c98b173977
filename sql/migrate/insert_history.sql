-- Note a file as applied, in its own transaction with it; a function's or a view's may have been before, with another
-- text.
insert into public.etl_migration (name, checksum)
values (%(name)s, %(checksum)s)
on conflict (name) do update set
    checksum = excluded.checksum,
    applied_at = excluded.applied_at;
