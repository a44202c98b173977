-- The statement that makes the database, or null where it exists already. CREATE DATABASE takes no parameters and no
-- transaction, so the server quotes the names here and the caller runs the result.
select
    case
        when
            not exists (
                select from pg_database
                where datname = %(name)s
            )
            then format('create database %%I owner %%I', %(name)s, coalesce(%(owner)s::text, current_user))
    end as statement;
