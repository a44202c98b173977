-- Names of our own events that are made of ids: five or more that differ in nothing else.
select
    ops.event_pattern(d.event) as pattern,
    count(distinct d.event) as names
from ops.event_day as d
where
    d.label = ''
    and d.day >= current_date - %(days)s::integer
    and %(event)s::text is null
    and d.event not like '$%%'
    and ops.event_pattern(d.event) <> d.event
group by ops.event_pattern(d.event)
having count(distinct d.event) >= 5
order by ops.event_pattern(d.event);
