-- Names that both a frontend and a backend library send: the same thing may be counted twice.
select
    coalesce(sum(f.events), 0) as evaluated,
    count(*) filter (where f.is_odd) as unexpected,
    coalesce(jsonb_agg(f.example order by f.events desc, f.example asc) filter (where f.is_odd), '[]') as examples
from (
    select
        o.event as example,
        sum(o.events) as events,
        count(distinct o.origin) = 2 as is_odd
    from (
        select
            e.event,
            ops.event_origin(e.properties) as origin,
            count(*) as events
        from warehouse.stored_event as e
        where
            e."timestamp" >= %(day)s::date
            and e."timestamp" < %(day)s::date + 1 and e.event not like '$%%'
        group by e.event, origin
    ) as o
    group by o.event
) as f;
