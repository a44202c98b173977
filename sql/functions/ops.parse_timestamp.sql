-- The time a client's text stands for, or null. PostgreSQL itself also reads 'now', 'today', 'infinity' and 'epoch':
-- here only a written-out date is a time. Formats: N4 of PostHog's capture (rust/common/types/src/timestamp.rs) and
-- of its pipeline (timestamps.test.ts): ISO 8601 with or without offset, date only, week and ordinal dates, RFC 2822.
create or replace function ops.parse_timestamp(written text)
returns timestamptz
language sql
stable
as $$
select case
    -- What SDKs write, told by its shape: regular expressions took a fifth of the whole stage step.
    when
        written like '____-__-__T__:__:__%'
        and pg_input_is_valid(written, 'timestamptz') then written::timestamptz
    when
        written ~ '^[0-9]{4}-[0-9][0-9]-[0-9][0-9]([Tt ][0-9][0-9]:[0-9][0-9](:[0-9][0-9]([.,][0-9]+)?)?\s?([Zz]|UTC|[+-][0-9][0-9](:?[0-9][0-9])?)?)?$'
        and pg_input_is_valid(written, 'timestamptz') then written::timestamptz
    when
        written ~ '^([A-Za-z]{3}, )?[0-9]{1,2} [A-Za-z]{3} [0-9]{4} [0-9][0-9]:[0-9][0-9](:[0-9][0-9])? ([+-][0-9]{4}|GMT|UTC|Z)$'
        and pg_input_is_valid(written, 'timestamptz') then written::timestamptz
    when written ~ '^(?!0000)[0-9]{4}-W(0[1-9]|[1-4][0-9]|5[0-3])-[1-7]$'
        then to_date(written, 'IYYY-"W"IW-ID')::timestamptz
    when
        written ~ '^(?!0000)[0-9]{4}-(?!000)[0-3][0-9][0-9]$'
        and right(written, 3)::integer <= extract(doy from make_date(left(written, 4)::integer, 12, 31))
        then (make_date(left(written, 4)::integer, 1, 1) + right(written, 3)::integer - 1)::timestamptz
end
$$;
