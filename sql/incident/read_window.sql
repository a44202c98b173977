-- The time that is looked at, up to the moment until which all that has arrived is loaded. No row: no batch is.
select
    least(b.as_of, %(now)s::timestamptz) as until,
    least(b.as_of, %(now)s::timestamptz) - make_interval(hours => %(hours)s::integer) as since
from ops.batch as b
where b.status = 'loaded'
order by b.batch_id desc
limit 1;
