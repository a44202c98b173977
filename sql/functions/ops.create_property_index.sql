-- The name of the index of a property, which is begun here where there is none: on the whole table, for later days;
-- the days that are there get theirs one by one, without a lock. SP-GiST, because a value may be of any length, and a
-- B-tree fails the load on one of 3 KB.
create or replace function ops.create_property_index(of_property text, of_event text)
returns text
language plpgsql
as $$
declare
    new_name text := 'property_' || left(md5(jsonb_build_array(of_property, of_event)::text), 16);
begin
    insert into ops.property_index (index_name, property, event)
    values (new_name, of_property, of_event)
    on conflict do nothing;
    if found then
        execute format(
            'create index %I on only warehouse.stored_event using spgist ((properties ->> %L)) where %s',
            new_name, of_property, ops.property_index_condition(of_property, of_event)
        );
    end if;
    return new_name;
end;
$$;
