-- Events that neither make a person nor are a sign of one: of a group, of a file that is taken out again, and of an
-- erasure. Theirs is the person that their id has, or none.
create or replace function ops.is_about_nobody(event text)
returns boolean
language sql
immutable
as $$ select event in ('$groupidentify', '$withdraw_file', '$erase') $$;
