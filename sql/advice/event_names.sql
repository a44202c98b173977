-- Names of our own events that are not "[object] [verb]": two words or more, of letters.
select
    coalesce(sum(f.events), 0) as evaluated,
    count(*) filter (where f.is_odd) as unexpected,
    coalesce(jsonb_agg(f.example order by f.events desc, f.example asc) filter (where f.is_odd), '[]') as examples
from (
    select
        e.event as example,
        count(*) as events,
        e.event !~ '^[[:alpha:]]+([ _-][[:alpha:]]+)+$' as is_odd
    from warehouse.stored_event as e
    where
        e."timestamp" >= %(day)s::date
        and e."timestamp" < %(day)s::date + 1 and e.event not like '$%%'
    group by e.event
) as f;
