-- The number that a text is, null where it is none, or too long to be one that somebody means.
create or replace function ops.as_number(written text)
returns numeric
language sql
immutable
parallel safe
as $$
select case when length(written) < 400 and ops.is_number(written) then written::numeric end
$$;
