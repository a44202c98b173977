-- The number that a text is, null where it is none, or too long to be one that somebody means. Not \d and \s, which in
-- some locales stand for other digits and spaces, too.
create or replace function ops.as_number(written text)
returns numeric
language sql
immutable
parallel safe
as $$
select case
    when
        length(written) < 400
        and written ~ '^[ \t\n\r\f\v]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?[ \t\n\r\f\v]*$'
        then written::numeric
end
$$;
