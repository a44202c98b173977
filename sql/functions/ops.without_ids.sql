-- A text without the ids that stand in it as words of their own; ids of other people that only begin alike stay.
create or replace function ops.without_ids(written text, ids text[])
returns text
language sql
stable
as $$
select
    case
        when exists (select from unnest(ids) as i (id) where strpos(written, i.id) > 0)
            then
                regexp_replace(
                    written,
                    (
                        select
                            '(?<![[:alnum:]_])('
                            || string_agg(
                                regexp_replace(i.id, '([^[:alnum:]_])', '\\\1', 'g'), '|' order by length(i.id) desc
                            )
                            || ')(?![[:alnum:]_])'
                        from unnest(ids) as i (id)
                        where strpos(written, i.id) > 0
                    ),
                    '(erased)',
                    'g'
                )
        else written
    end
$$;
