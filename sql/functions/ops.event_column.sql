-- A column of a view of the schema event: a property as a type, null where it does not fit.
create or replace function ops.event_column(property text, type text, column_name text)
returns text
language sql
immutable
as $$
select
    format(
        case type
            when 'number' then 'warehouse.number(e.properties, %1$L)'
            when 'boolean'
                then
                    'case when jsonb_typeof(e.properties -> %1$L) = ''boolean'' then (e.properties -> %1$L)::boolean end'
            when 'string' then 'e.properties ->> %1$L'
            else 'e.properties -> %1$L'
        end || ' as %2$I',
        property,
        column_name
    )
$$;
