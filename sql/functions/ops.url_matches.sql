-- Whether an address is as a step of an action wants it. PostgreSQL puts the expression in place of the call.
create or replace function ops.url_matches(value text, wanted text, matching text)
returns boolean
language sql
immutable
parallel safe
as $$
select case matching
    when 'exact' then value = wanted
    -- % stands for any text, as in PostHog.
    when 'contains' then value like '%' || replace(replace(wanted, '\', '\\'), '_', '\_') || '%'
    when 'regex' then value ~ wanted
end
$$;
