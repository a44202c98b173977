-- Ids that must never join two persons, because many clients send them by mistake. As in PostHog's isDistinctIdIllegal
-- (nodejs/src/common/persons/person-utils.ts) blank is what JavaScript trims, and only ASCII has cases: `\s` and
-- lower() would ask the database's locale. glibc does not call a no-break space a space, and in Turkish the small
-- letter of I is not i.
create or replace function ops.is_illegal_distinct_id(distinct_id text)
returns boolean
language sql
immutable
as $$
select
    btrim(
        distinct_id,
        E' \t\n\x0b\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f'
        '\u205f\u3000\ufeff'
    ) = ''
    or distinct_id in (
        '[object Object]', '"[object Object]"', '''[object Object]''',
        'NaN', '"NaN"', '''NaN''', 'None', '"None"', '''None''', 'none', '"none"', '''none''',
        'null', '"null"', '''null''', '0', '"0"', '''0''', 'undefined', '"undefined"', '''undefined'''
    )
    or lower(distinct_id collate "C") ~ (
        '^(["'']?)(anonymous|guest|distinctid|distinct_id|id|not_authenticated|email|undefined|true|false)\1$'
    )
$$;
