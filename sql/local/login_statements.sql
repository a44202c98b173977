-- The statements that make a login (or give it its password again) and put it in a role, in order. Utility statements
-- take no parameters, so the server quotes the names here and the caller runs the result.
select
    format('create role %%I login', %(name)s::text) as statement,
    1 as step
where
    not exists (
        select from pg_roles
        where rolname = %(name)s::text
    )
union all
select
    format('alter role %%I login password %%L', %(name)s::text, %(hash)s::text) as statement,
    2 as step
union all
select
    format('grant %%I to %%I', %(role)s::text, %(name)s::text) as statement,
    3 as step
order by step;
