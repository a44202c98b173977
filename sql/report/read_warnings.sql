-- Warnings by the day of loading and by type; what to do is taken from the newest of each type.
select
    (b.loaded_at at time zone 'UTC')::date as day,
    w.type,
    sum(w.events)::bigint as events,
    max(w.batch_id) as newest_batch_id
from ops.report_warning as w
inner join ops.batch as b on w.batch_id = b.batch_id
where b.loaded_at >= %(since)s::timestamptz
group by day, w.type
order by day asc, events desc, w.type asc;
