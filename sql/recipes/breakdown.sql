-- Breakdown: events and unique persons of one event by the value of a property, the most frequent first; null: without.
-- team_id, event, property; since, until.
select
    e.properties ->> %(property)s as value,
    count(*) as events,
    count(distinct e.person_id) as persons
from warehouse.events as e
where
    e.team_id = %(team_id)s
    and e.event = %(event)s
    and e."timestamp" >= (%(since)s || ' UTC')::timestamptz
    and e."timestamp" < (%(until)s || ' UTC')::timestamptz
group by e.properties ->> %(property)s
order by count(*) desc, e.properties ->> %(property)s asc
limit 25;
