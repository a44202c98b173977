-- Sign-up events that only the browser sends: blockers of scripts, and closed tabs, lose some.
select
    coalesce(sum(f.events), 0) as evaluated,
    count(*) filter (where f.is_odd) as unexpected,
    coalesce(jsonb_agg(f.example order by f.events desc, f.example asc) filter (where f.is_odd), '[]') as examples
from (
    select
        o.event as example,
        sum(o.events) as events,
        bool_and(o.origin is not distinct from 'frontend') as is_odd
    from (
        select
            e.event,
            ops.event_origin(e.properties) as origin,
            count(*) as events
        from warehouse.stored_event as e
        where
            e."timestamp" >= %(day)s::date
            and e."timestamp" < %(day)s::date + 1
            and e.event ~* '(sign(ed)?[ _-]?up|(user|account)[ _-]created|registered)'
        group by e.event, origin
    ) as o
    group by o.event
) as f;
