-- Drop the index of a property.
select ops.drop_property_index(%(property)s::text, %(event)s::text) as is_dropped;
