-- An event's name with each number, uuid or long hexadecimal word in it written as <id>, so that names made of ids are
-- one.
create or replace function ops.event_pattern(event text)
returns text
language sql
immutable
as $$
select case
    when event ~ '[0-9]'
        then regexp_replace(
            event,
            '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
            '|\m(?=[0-9a-fA-F]*[0-9])[0-9a-fA-F]{8,}\M|[0-9]+',
            '<id>',
            'g'
        )
    else event
end
$$;
