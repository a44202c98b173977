-- Rules: what is stored of an event's payload.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

-- The payload as it is stored, for the few events where that is not as it landed. Elements go to a column of their own;
-- a personless event says nothing of a person or a group; an ip is kept only where the project says so.
create function ops.stored_properties(properties jsonb, is_personless boolean, is_ip_dropped boolean)
returns jsonb
language sql
immutable
as $$
select
    properties
    - '$elements'
    - '$elements_chain'
    - case
        when is_personless
            then array[
                '$set', '$set_once', '$unset', '$groups', '$group_0', '$group_1', '$group_2', '$group_3', '$group_4'
            ]
        else array[]::text[]
    end
    - case
        when properties -> '$cookieless_mode' = 'true' then array['$ip', '$raw_user_agent']
        when is_ip_dropped then array['$ip']
        else array[]::text[]
    end
$$;

-- One element: tag.class.class:key="value"key="value", classes and keys sorted, its text cut at 400 characters and its
-- link at 2048.
create function ops.element_text(element jsonb)
returns text
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

-- The chain of an event's elements as text: its own $elements_chain, else made of $elements, else null; empty where
-- $elements is no array. PostHog: elements-chain.ts and getElementsChain in create-event.ts.
create function ops.elements_chain(properties jsonb)
returns text
language sql
immutable
as $$
select case
    when jsonb_typeof(properties -> '$elements_chain') = 'string' and properties ->> '$elements_chain' <> ''
        then properties ->> '$elements_chain'
    when jsonb_typeof(properties -> '$elements') = 'array'
        then (
            select coalesce(string_agg(ops.element_text(e.element), ';' order by e.place), '')
            from jsonb_array_elements(properties -> '$elements') with ordinality as e (element, place)
            where jsonb_typeof(e.element) = 'object'
        )
    when properties ?| array['$elements', '$elements_chain'] then ''
end
$$;
