-- A property as a number, as PostHog reads it: also one sent as text. One value that is none must not fail a query.
create or replace function warehouse.number(properties jsonb, name text)
returns numeric
language sql
immutable
parallel safe
as $$
select
    case jsonb_typeof(properties -> name)
        when 'number' then (properties ->> name)::numeric
        when 'string'
            then
                case
                    -- No NaN, infinity, 0x1F or 1_000, which PostgreSQL takes for numbers, and nothing so large that
                    -- the cast could fail: of a constant it is made while the query is planned, whatever else is asked.
                    -- Not \d and \s, which in some locales stand for other digits and spaces, too.
                    when
                        properties ->> name ~ '^[ \t\n\r\f\v]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?[ \t\n\r\f\v]*$'
                        and length(properties ->> name) <= 1000
                        then (properties ->> name)::numeric
                end
    end
$$;

comment on function warehouse.number(jsonb, text) is
'A property as a number, also one sent as text; null where it is missing or no number';
