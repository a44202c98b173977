-- Note a migration as applied, in its own transaction with it.
insert into public.etl_migration (name, checksum) values (%(name)s, %(checksum)s);
