-- A day's salt as it is in the other database.
insert into landing.cookieless_salt (day, salt)
values (%(day)s::date, %(salt)s::uuid);
