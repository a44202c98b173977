-- The indexes of properties: whether each is complete, how many events it holds by the last count, and its size.
select
    p.property,
    p.event,
    x.indisvalid as is_complete,
    p.made_at,
    coalesce(s.events, 0) as events,
    coalesce(s.bytes, 0) as bytes
from ops.property_index as p
inner join pg_class as n on p.index_name = n.relname and n.relnamespace = 'warehouse'::regnamespace
inner join pg_index as x on n.oid = x.indexrelid
cross join
    lateral (
        select
            sum(greatest(c.reltuples, 0))::bigint as events,
            sum(pg_relation_size(c.oid))::bigint as bytes
        from pg_inherits as i
        inner join pg_class as c on i.inhrelid = c.oid
        where i.inhparent = x.indexrelid
    ) as s
order by p.property, p.event nulls first;
