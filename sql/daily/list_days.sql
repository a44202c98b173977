-- The days to look at: the last three, and days of the last two months that have events and were never counted.
select d.day
from (
    select (%(today)s::date - n)::date as day
    from generate_series(0, 2) as n
    union
    select to_date(right(c.relname, 8), 'YYYYMMDD') as day
    from pg_inherits as i
    inner join pg_class as c on i.inhrelid = c.oid
    where i.inhparent = 'warehouse.stored_event'::regclass and c.relname ~ '_[0-9]{8}$'
) as d
where
    d.day between %(today)s::date - 60 and %(today)s::date
    and (d.day >= %(today)s::date - 2 or not exists (select from ops.user_day as u where u.day = d.day))
order by d.day;
