-- Events of backend libraries that do not say so in `source`.
select
    coalesce(sum(f.events), 0) as evaluated,
    count(*) filter (where f.is_odd) as unexpected,
    coalesce(jsonb_agg(f.example order by f.events desc, f.example asc) filter (where f.is_odd), '[]') as examples
from (
    select
        e.event as example,
        count(*) as events,
        bool_or(not e.properties ? 'source') as is_odd
    from warehouse.stored_event as e
    where
        e."timestamp" >= %(day)s::date
        and e."timestamp" < %(day)s::date + 1 and e.event not like '$%%'
        and ops.event_origin(e.properties) = 'backend'
    group by e.event
) as f;
