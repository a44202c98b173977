-- Before an action gets other steps, or none; their filters go with them.
delete from warehouse.action_step
where action_id = %(action_id)s::bigint
returning has_elements;
