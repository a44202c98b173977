-- A day's salt of the other shard, where this one has none.
insert into landing.cookieless_salt (day, salt)
values (%(day)s::date, %(salt)s::uuid)
on conflict (day) do nothing;
