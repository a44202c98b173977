-- The index of a property on the whole table: its name.
select ops.create_property_index(%(property)s::text, %(event)s::text) as index_name;
