-- Which rows an index of a property holds: those that a filter on it can find. PostgreSQL sees by itself that what
-- equals something is not null.
create or replace function ops.property_index_condition(property text, event text)
returns text
language sql
immutable
as $$
select
    format('(properties ->> %L) is not null', property)
    || case when event is null then '' else format(' and event = %L', event) end
$$;
