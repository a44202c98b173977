-- A name as PostgreSQL takes it: of more than 63 bytes the beginning and a hash, so that two long ones stay two.
create or replace function ops.identifier(name text)
returns text
language sql
immutable
as $$
select
    case
        when octet_length(name) <= 63 then name
        else (
            select left(name, n.characters)
            from generate_series(13, 54) as n (characters)
            where octet_length(left(name, n.characters)) <= 54
            order by n.characters desc
            limit 1
        ) || '_' || left(md5(name), 8)
    end
$$;
