-- What the newest events of each name look like: per property its types and in how many of the sampled it is.
select
    n.event,
    s.sampled,
    p.key as property,
    array_agg(distinct jsonb_typeof(p.value) order by jsonb_typeof(p.value)) as types,
    count(*) as events
from (
    select distinct
        d.team_id,
        d.event
    from ops.event_day as d
    where
        d.label = ''
        and d.day >= current_date - %(days)s::integer
        and (%(event)s::text is null or d.event = %(event)s::text)
        and (d.event not like '$%%' or d.event = %(event)s::text)
) as n
cross join
    lateral (
        select
            e.properties,
            count(*) over () as sampled
        from (
            select e.properties
            from warehouse.stored_event as e
            where
                e.team_id = n.team_id
                and e.event = n.event
                and e."timestamp" >= current_date - %(days)s::integer
            order by e."timestamp" desc
            limit 1000
        ) as e
    ) as s
cross join lateral jsonb_each(s.properties) as p
where p.key not like '$%%'
group by n.event, s.sampled, p.key
order by n.event, p.key;
