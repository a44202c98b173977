-- The query that reads a relation of the schema warehouse; no row: the auditor reads no such relation.
select format('select * from %%I.%%I', n.nspname, c.relname) as query
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where
    n.nspname = 'warehouse'
    and c.relname = %(relation)s::text
    and c.relkind in ('r', 'p', 'v', 'm')
    and has_table_privilege('auditor', c.oid, 'select');
