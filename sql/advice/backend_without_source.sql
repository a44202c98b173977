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
        and case
            when e.properties ->> '$lib' in (
                'web', 'js', 'posthog-ios', 'posthog-android', 'posthog-react-native', 'posthog-flutter'
            ) then 'frontend'
            when e.properties ->> '$lib' like 'posthog-%%' or e.properties ->> 'source' = 'backend' then 'backend'
        end = 'backend'
    group by e.event
) as f;
