-- A filter of a step.
insert into warehouse.action_filter (step_id, is_of_person, key, operator, texts, numbers)
values (
    %(step_id)s::bigint,
    %(is_of_person)s::boolean,
    %(key)s::text,
    %(operator)s::text,
    ops.filter_texts(%(operator)s::text, %(texts)s::text[]),
    %(numbers)s::numeric[]
);
