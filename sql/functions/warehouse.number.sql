-- A property as a number, as PostHog reads it: also one sent as text. One value that is none must not fail a query, nor
-- one that double precision has no room for make a sum of it.
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
                    -- Nothing so long that the cast could fail: of a constant it is made while the query is planned,
                    -- whatever else is asked.
                    when ops.is_number(properties ->> name) and length(properties ->> name) <= 1000
                        then
                            case
                                when abs((properties ->> name)::numeric) <= 1.7976931348623157e308
                                    then (properties ->> name)::numeric
                            end
                end
    end
$$;

comment on function warehouse.number(jsonb, text) is
'A property as a number, also one sent as text; null where it is missing or no number';
