-- Whether a day of the events lives on another server.
select count(*) > 0 as are_elsewhere
from pg_inherits as i
inner join pg_class as c on i.inhrelid = c.oid
where i.inhparent = 'warehouse.stored_event'::regclass and c.relkind = 'f';
