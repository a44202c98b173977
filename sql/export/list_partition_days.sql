-- The days (UTC) between two, both included, that may have events: those with a partition, those in the default one.
select d.day
from (
    select to_date(right(c.relname, 8), 'YYYYMMDD') as day
    from pg_inherits as i
    inner join pg_class as c on i.inhrelid = c.oid
    where i.inhparent = 'warehouse.stored_event'::regclass and c.relname ~ '_[0-9]{8}$'
    union
    select (s."timestamp" at time zone 'UTC')::date as day
    from warehouse.stored_event_default as s
) as d
where d.day between %(first_day)s::date and %(last_day)s::date
order by d.day;
