-- The number that a text is, null where it is none, or too long to be one that somebody means.
create or replace function ops.as_number(written text)
returns numeric
language sql
immutable
parallel safe
as $$
select case
    when length(written) < 400 and written ~ '^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?\s*$' then written::numeric
end
$$;
