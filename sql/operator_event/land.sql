-- Land an event of an operator's: history like any other. Writers have no right to set is_operator.
insert into landing.event (team_id, uuid, event, distinct_id, properties, is_operator)
values (%(team_id)s::bigint, %(uuid)s::text, %(event)s::text, %(distinct_id)s::text, %(properties)s::jsonb, true);
