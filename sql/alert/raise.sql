-- Something is wrong: one row as long as it is so, with its newest words.
insert into ops.alert (kind, subject, message)
values (%(kind)s::text, %(subject)s::text, %(message)s::text)
on conflict (kind, subject) where resolved_at is null do update
    set message = excluded.message
    where ops.alert.message <> excluded.message;
