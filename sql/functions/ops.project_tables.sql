-- Every table that has rows of projects, so that one that is made later is not forgotten; whether it refers to another
-- one. Not the records of what this server has erased, removed and taken over: they name nobody, and stay.
create or replace function ops.project_tables()
returns table (name text, is_referring boolean)
language sql
stable
as $$
select
    quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name,
    exists (select from pg_constraint as f where f.contype = 'f' and f.conrelid = c.oid) as is_referring
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_attribute as a on c.oid = a.attrelid and a.attname = 'team_id'
where
    n.nspname in ('landing', 'buffer', 'quarantine', 'warehouse', 'ops')
    and c.relkind in ('r', 'p')
    and not c.relispartition
    and (n.nspname, c.relname) not in (('ops', 'erasure'), ('ops', 'removed_project'), ('ops', 'moved_project'))
$$;
