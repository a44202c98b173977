-- The time a client's text stands for, or null: the forms of etl/rules/README.md, as they are written. PostgreSQL
-- itself reads far more: 'now' and 'infinity', and it takes UTC+02:00 for two hours behind. Without a zone it is UTC.
create or replace function ops.parse_timestamp(written text)
returns timestamptz
language sql
stable
as $$
select case
    -- What SDKs write, told by its shape: regular expressions took a fifth of the whole stage step. A digit before the
    -- zone: neither PM nor the name of another zone hides there.
    when
        (written like '____-__-__T__:__:__.___Z' and strpos('0123456789', substr(written, 23, 1)) > 0)
        or (written like '____-__-__T__:__:__.______+__:__' and strpos('0123456789', substr(written, 26, 1)) > 0)
        or (written like '____-__-__T__:__:__+__:__' and strpos('0123456789', substr(written, 19, 1)) > 0)
        or written like '____-__-__T__:__:__Z'
        then case when pg_input_is_valid(written, 'timestamptz') then written::timestamptz end
    else ops.parse_rare_timestamp(btrim(written, E' \t\r\n'))
end
$$;
