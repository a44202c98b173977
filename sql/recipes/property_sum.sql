-- Sum of a property by day (UTC) and the value of another one, such as subtotal by planId. Events whose property is no
-- number are counted and add nothing.
-- team_id, event; property: what is summed; by: what it is split by; since, until.
select
    (e."timestamp" at time zone 'UTC')::date as day,
    e.properties ->> %(by)s as value,
    sum(warehouse.number(e.properties, %(property)s)) as total,
    avg(warehouse.number(e.properties, %(property)s)) as average,
    count(*) as events
from warehouse.events as e
where
    e.team_id = %(team_id)s
    and e.event = %(event)s
    and e."timestamp" >= (%(since)s || ' UTC')::timestamptz
    and e."timestamp" < (%(until)s || ' UTC')::timestamptz
group by 1, 2
order by 1, 2;
