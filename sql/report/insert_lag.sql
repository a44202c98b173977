-- Ages of the new batches' events and holds, rounded, added up by the day of loading.
insert into ops.report_lag (day, clock, seconds, events)
select
    a.day,
    a.clock,
    case
        when a.seconds < 100 then round(a.seconds)
        else round(a.seconds / power(10, floor(log(a.seconds)) - 1)) * power(10, floor(log(a.seconds)) - 1)
    end as rounded,
    count(*) as events
from (
    select
        (b.loaded_at at time zone 'UTC')::date as day,
        c.clock,
        greatest(0, extract(epoch from b.loaded_at - c.began_at))::double precision as seconds
    from warehouse.stored_event as s
    inner join ops.batch as b on s.batch_id = b.batch_id
    cross join lateral (values ('arrival', s.received_at), ('event', s."timestamp")) as c (clock, began_at)
    where s.batch_id > %(after)s::bigint and s.batch_id <= %(newest)s::bigint
    union all
    select
        (b.loaded_at at time zone 'UTC')::date as day,
        'hold' as clock,
        greatest(0, extract(epoch from r.released_at - r.arrived_at))::double precision as seconds
    from buffer.released_event as r
    inner join ops.batch as b on r.released_by_batch_id = b.batch_id
    where r.released_by_batch_id > %(after)s::bigint and r.released_by_batch_id <= %(newest)s::bigint
) as a
group by a.day, a.clock, rounded
on conflict (day, clock, seconds) do update
    set events = ops.report_lag.events + excluded.events;
