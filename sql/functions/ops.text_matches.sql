-- Whether a text is as a step of an action wants it. PostgreSQL puts the expression in place of the call.
create or replace function ops.text_matches(value text, wanted text, matching text)
returns boolean
language sql
immutable
parallel safe
as $$
select case matching
    when 'exact' then value = wanted
    when 'contains' then strpos(ops.folded(value), ops.folded(wanted)) > 0
    when 'regex' then value ~ wanted
end
$$;
