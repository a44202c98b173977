-- The texts of a filter, ready for ops.meets_filter: what is to be contained becomes a pattern for like.
create or replace function ops.filter_texts(operator text, texts text[])
returns text[]
language sql
immutable
parallel safe
as $$
select case
    when operator in ('icontains', 'not_icontains')
        then array(
            select '%' || regexp_replace(ops.folded(t.text), '([\\%_])', '\\\1', 'g') || '%'
            from unnest(texts) as t (text)
        )
    else texts
end
$$;
