-- Ids that must never join two persons, because many clients send them by mistake. As in PostHog's isDistinctIdIllegal
-- (nodejs/src/common/persons/person-utils.ts) only ASCII has cases: lower() would ask the database's locale, and in
-- Turkish the small letter of I is not i.
create or replace function ops.is_illegal_distinct_id(distinct_id text)
returns boolean
language sql
immutable
as $$
select
    ops.is_blank(distinct_id)
    or distinct_id in (
        '[object Object]', '"[object Object]"', '''[object Object]''',
        'NaN', '"NaN"', '''NaN''', 'None', '"None"', '''None''', 'none', '"none"', '''none''',
        'null', '"null"', '''null''', '0', '"0"', '''0''', 'undefined', '"undefined"', '''undefined'''
    )
    or lower(distinct_id collate "C") ~ (
        '^(["'']?)(anonymous|guest|distinctid|distinct_id|id|not_authenticated|email|undefined|true|false)\1$'
    )
$$;
