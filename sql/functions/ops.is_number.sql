-- Whether a text is a number as people write it: no NaN, infinity, 0x1F or 1_000, which PostgreSQL takes for numbers,
-- and no exponent for which there is no room. Not \d and \s: in some locales those are other digits and spaces, too.
create or replace function ops.is_number(written text)
returns boolean
language sql
immutable
parallel safe
as $$
select written ~ '^[ \t\n\r\f\v]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?[ \t\n\r\f\v]*$'
$$;
