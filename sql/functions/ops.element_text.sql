-- One element: tag.class.class:key="value"key="value", classes and keys sorted, its text cut at 400 characters and its
-- link at 2048. One row for `from`: there PostgreSQL puts the text in place of the call.
create or replace function ops.element_text(element jsonb)
returns table (text text)
language sql
immutable
as $$
select
    coalesce(element ->> 'tag_name', '')
    || coalesce(
        (
            select string_agg('.' || replace(c.class, '"', ''), '' order by c.class collate "C")
            from (
                select w.class
                from regexp_split_to_table(
                    case when jsonb_typeof(element -> 'attr__class') = 'string' then element ->> 'attr__class' end,
                    '\s+'
                ) as w (class)
                union all
                select a.class
                from jsonb_array_elements_text(
                    case
                        when jsonb_typeof(element -> 'attr__class') = 'array' then element -> 'attr__class' else '[]'
                    end
                ) as a (class)
            ) as c
            where c.class <> ''
        ),
        ''
    )
    || ':'
    || (
        select string_agg(
            format('%s="%s"', replace(a.key, '"', '\"'), replace(a.value, '"', '\"')), '' order by a.key collate "C"
        )
        from (
            select
                'nth-child' as key,
                coalesce(element ->> 'nth_child', '0') as value
            union all
            select
                'nth-of-type' as key,
                coalesce(element ->> 'nth_of_type', '0') as value
            union all
            select
                'text' as key,
                left(element ->> '$el_text', 400) as value
            union all
            select
                'href' as key,
                left(element ->> 'attr__href', 2048) as value
            union all
            select
                'attr_id' as key,
                element ->> 'attr__id' as value
            union all
            select
                k.key,
                case jsonb_typeof(k.value)
                    when 'array' then (select string_agg(v.item, ',') from jsonb_array_elements_text(k.value) as v (item))
                    else k.value #>> '{}'
                end as value
            from jsonb_each(element) as k
            where k.key like 'attr\_\_%'
        ) as a
        where coalesce(a.value, '') <> ''
    )
$$;
