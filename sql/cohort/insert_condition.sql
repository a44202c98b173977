-- A condition of a cohort.
insert into warehouse.cohort_condition (
    cohort_id, team_id, key, operator, texts, numbers, event, action_id, within, times_operator, times
)
values (
    %(cohort_id)s::bigint,
    %(team_id)s::bigint,
    %(key)s::text,
    %(operator)s::text,
    ops.filter_texts(%(operator)s::text, %(texts)s::text[]),
    %(numbers)s::numeric[],
    %(event)s::text,
    (
        select a.action_id
        from warehouse.action as a
        where a.team_id = %(team_id)s::bigint and a.name = %(action)s::text
    ),
    %(within)s::interval,
    %(times_operator)s::text,
    %(times)s::bigint
)
returning condition_id;
