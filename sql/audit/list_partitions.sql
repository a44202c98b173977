-- The partitions of the events, oldest day first.
select i.inhrelid::bigint as partition_oid
from pg_inherits as i
inner join pg_class as c on i.inhrelid = c.oid
where i.inhparent = 'warehouse.stored_event'::regclass
order by c.relname;
