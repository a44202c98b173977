-- What checks gave as examples, where it names one of the ids.
update ops.check_result
set examples = '[]'
where ops.names_id(examples, %(ids)s::text[]);
