-- Whether a property is as a filter of an action wants it, as in PostHog: one of several values is enough; a negative
-- operator is the opposite of the positive one, so it holds where there is no value; a number written as text is a
-- number. value: null where there is none, or JSON's null. texts, numbers: see warehouse.action_filter. PostgreSQL puts
-- the expression in place of the call.
create or replace function ops.meets_filter(value text, operator text, texts text[], numbers numeric[])
returns boolean
language sql
immutable
parallel safe
as $$
select case operator
    when 'exact' then coalesce(value = any(texts), false) or coalesce(ops.as_number(value) = any(numbers), false)
    when 'is_not'
        then not coalesce(value = any(texts), false) and not coalesce(ops.as_number(value) = any(numbers), false)
    when 'is_set' then value is not null
    when 'is_not_set' then value is null
    when 'icontains' then coalesce(ops.folded(value) like any(texts), false)
    when 'not_icontains' then not coalesce(ops.folded(value) like any(texts), false)
    when 'regex' then coalesce(value ~ any(texts), false)
    when 'not_regex' then not coalesce(value ~ any(texts), false)
    when 'gt' then coalesce(ops.as_number(value) > any(numbers), false)
    when 'gte' then coalesce(ops.as_number(value) >= any(numbers), false)
    when 'lt' then coalesce(ops.as_number(value) < any(numbers), false)
    when 'lte' then coalesce(ops.as_number(value) <= any(numbers), false)
end
$$;
