-- The query of a view of the schema event; columns: those of its properties, each as ops.event_column gives it.
create or replace function ops.event_view_query(event text, columns text[])
returns text
language sql
immutable
as $$
select
    format(
        'select %s from warehouse.events as e where e.event = %L',
        array_to_string(
            array['e.team_id', 'e.uuid', 'e."timestamp"', 'e.distinct_id', 'e.person_id'] || columns, ', '
        ),
        event
    )
$$;
