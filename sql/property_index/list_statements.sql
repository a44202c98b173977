-- What makes the index of a property on each day that has none yet. CREATE INDEX CONCURRENTLY takes no parameters and
-- no transaction, so the server quotes the names here and the caller runs the statements one by one. What an
-- interrupted run has left is dropped first. ANALYZE: how often a value occurs decides whether the index is worth it.
select
    format('drop index concurrently if exists warehouse.%%I', n.index_name) as drop_statement,
    format(
        'create index concurrently %%I on warehouse.%%I using spgist ((properties ->> %%L)) where %%s',
        n.index_name, n.partition_name, p.property, ops.property_index_condition(p.property, p.event)
    ) as create_statement,
    format(
        'alter index warehouse.%%I attach partition warehouse.%%I', p.index_name, n.index_name
    ) as attach_statement,
    format('analyze warehouse.%%I', n.partition_name) as analyze_statement
from ops.property_index as p
cross join
    lateral (
        select
            c.relname as partition_name,
            c.relname || '_' || p.index_name as index_name
        from pg_inherits as i
        inner join pg_class as c on i.inhrelid = c.oid
        where
            i.inhparent = 'warehouse.stored_event'::regclass
            -- A day on another server is indexed there.
            and c.relkind <> 'f'
            and not exists (
                select from pg_index as x
                inner join pg_inherits as a on x.indexrelid = a.inhrelid
                where x.indrelid = c.oid and a.inhparent = format('warehouse.%%I', p.index_name)::regclass
            )
    ) as n
where p.index_name = %(index_name)s::text
order by n.partition_name;
