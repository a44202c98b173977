-- One view of the schema event as it should be, or none of that name.
select ops.replace_event_view(%(view_name)s, %(event)s, %(query)s);
