-- The names that take up no room of a person's: those that are lifted, and the first of each.
create or replace function ops.always_kept_names()
returns text[]
language sql
immutable
as $$
select ops.lifted_names() || array(select '$initial_' || ltrim(l.name, '$') from unnest(ops.lifted_names()) as l (name))
$$;
