-- A filter of a step. A text that is to be contained becomes a pattern for like.
insert into warehouse.action_filter (step_id, is_of_person, key, operator, texts, numbers)
values (
    %(step_id)s::bigint,
    %(is_of_person)s::boolean,
    %(key)s::text,
    %(operator)s::text,
    case
        when %(operator)s::text in ('icontains', 'not_icontains')
            then array(
                select '%%' || regexp_replace(ops.folded(t.text), '([\\%%_])', '\\\1', 'g') || '%%'
                from unnest(%(texts)s::text[]) as t (text)
            )
        else %(texts)s::text[]
    end,
    %(numbers)s::numeric[]
);
